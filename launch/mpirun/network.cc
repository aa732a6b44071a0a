#include "launch/mpirun/network.h"

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

struct Release {
  MpirunVersion version;
  const char* shared_memory;  // the byte transfer layer within a host
  const char* collectives;    // components that would use verbs of their own
  // How mpirun's daemons are told which interfaces to leave alone.
  std::vector<std::string> daemons;
};

const std::vector<Release>& Releases() {
  static const std::vector<Release>& releases = *new std::vector<Release>{
      {{4, 1}, "vader", "^hcoll", {"--mca", "oob_tcp_if_exclude"}},
      {{5, 0}, "sm", "^hcoll,ucc", {"--prtemca", "prte_if_exclude"}},
  };
  return releases;
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

absl::StatusOr<NetworkSettings> SettingsOfNetwork(absl::string_view network,
                                                  const MpirunVersion& version,
                                                  const HostNetwork& host) {
  NetworkSettings settings;
  if (network == "auto") return settings;
  if (network == "ib") {
    if (host.infiniband_devices.empty()) {
      return UsageError(
          "--network=ib: this host has no InfiniBand device "
          "(/sys/class/infiniband is empty); use --network=tcp or auto");
    }
    settings.mpirun_options = {"--mca", "pml", "ucx"};
    settings.variables = {{"NCCL_IB_DISABLE", "0"}};
    return settings;
  }
  for (const Release& release : Releases()) {
    if (release.version.major != version.major ||
        release.version.minor != version.minor) {
      continue;
    }
    std::vector<std::string> names = host.infiniband;
    names.insert(names.end(), host.bridges.begin(), host.bridges.end());
    // Naming interfaces replaces Open MPI's own list, which is loopback.
    const std::string excluded = absl::StrJoin(
        names, ",",
        [](std::string* out, const auto& name) { absl::StrAppend(out, name); });
    const std::string with_loopback =
        names.empty() ? "127.0.0.0/8" : absl::StrCat("127.0.0.0/8,", excluded);
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
        with_loopback};
    if (!names.empty()) {
      for (const std::string& part : release.daemons) {
        settings.mpirun_options.push_back(part);
      }
      settings.mpirun_options.push_back(excluded);
    }
    settings.variables = {
        {"NCCL_IB_DISABLE", "1"},
        {"NCCL_SOCKET_IFNAME",
         names.empty() ? "^lo" : absl::StrCat("^lo,", excluded)}};
    return settings;
  }
  return DistributedError(absl::StrCat("--network=tcp: unknown Open MPI ",
                                       version.major, ".", version.minor));
}

}  // namespace reprise
