#include "launch/mpirun/command/network.h"

#include <algorithm>
#include <filesystem>
#include <system_error>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "core/base/file.h"
#include "core/base/status.h"

namespace reprise {
namespace {

// ARPHRD_INFINIBAND of <net/if_arp.h>: an interface for IP over InfiniBand.
constexpr char kInfinibandType[] = "32";

std::vector<std::string> EntriesOf(const std::string& folder) {
  std::vector<std::string> names;
  std::error_code error;
  for (std::filesystem::directory_iterator entry(folder, error), end;
       !error && entry != end; entry.increment(error)) {
    names.push_back(entry->path().filename().string());
  }
  std::sort(names.begin(), names.end());
  return names;
}

}  // namespace

HostNetwork FindHostNetwork(const std::string& sys) {
  HostNetwork host;
  for (const std::string& name : EntriesOf(sys + "/class/net")) {
    const std::string folder = absl::StrCat(sys, "/class/net/", name);
    std::error_code error;
    const auto type = ReadWholeFile(folder + "/type");
    if (type.ok() && absl::StripAsciiWhitespace(*type) == kInfinibandType) {
      host.infiniband.push_back(name);
    } else if (std::filesystem::exists(folder + "/bridge", error)) {
      // One with a network card behind it is the host's own way out.
      bool has_card = false;
      for (const std::string& port : EntriesOf(folder + "/brif")) {
        has_card =
            has_card ||
            std::filesystem::exists(
                absl::StrCat(sys, "/class/net/", port, "/device"), error);
      }
      if (!has_card) host.bridges.push_back(name);
    }
  }
  host.infiniband_devices = EntriesOf(sys + "/class/infiniband");
  return host;
}

absl::StatusOr<NetworkSettings> SettingsOfNetwork(Network network,
                                                  const MpirunVersion& version,
                                                  const HostNetwork& host) {
  NetworkSettings settings;
  if (network == Network::kAuto) return settings;
  if (network == Network::kInfiniBand) {
    if (host.infiniband_devices.empty()) {
      return UsageError(
          "--network=ib: this host has no InfiniBand device "
          "(/sys/class/infiniband is empty); use --network=tcp or auto");
    }
    settings.mpirun_options = {"--mca", "pml", "ucx"};
    settings.variables = {{"NCCL_IB_DISABLE", "0"}};
    return settings;
  }
  REPRISE_ASSIGN_OR_RETURN(const MpirunRelease release,
                           FindRelease("mpirun", version));
  std::vector<std::string> names = host.infiniband;
  names.insert(names.end(), host.bridges.begin(), host.bridges.end());
  const std::string excluded = absl::StrJoin(names, ",");
  // Naming interfaces replaces Open MPI's own list, which is loopback.
  const char* const separator = names.empty() ? "" : ",";
  settings.mpirun_options = {
      "--mca",
      "pml",
      "ob1",
      "--mca",
      "btl",
      absl::StrCat("self,", release.shared_memory, ",tcp"),
      "--mca",
      "coll",
      release.collectives,
      "--mca",
      "btl_tcp_if_exclude",
      absl::StrCat("127.0.0.0/8", separator, excluded)};
  if (!names.empty()) {
    settings.mpirun_options.insert(settings.mpirun_options.end(),
                                   release.daemons_exclude.begin(),
                                   release.daemons_exclude.end());
    settings.mpirun_options.push_back(excluded);
  }
  settings.variables = {
      {"NCCL_IB_DISABLE", "1"},
      {"NCCL_SOCKET_IFNAME", absl::StrCat("^lo", separator, excluded)}};
  return settings;
}

}  // namespace reprise
