// What --network means to Open MPI 4.1 and 5.0 and to NCCL: option and variable
// names differ between releases, so they stand in one table here.
#ifndef REPRISE_LAUNCH_MPIRUN_COMMAND_NETWORK_H_
#define REPRISE_LAUNCH_MPIRUN_COMMAND_NETWORK_H_

#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "launch/cli/enum_names.h"
#include "launch/mpirun/command/mpirun_command.h"

namespace reprise {

// --network. kAuto: Open MPI and NCCL choose.
enum class Network { kAuto, kInfiniBand, kTcp };
inline constexpr EnumName<Network> kNetworkNames[] = {
    {Network::kAuto, "auto"},
    {Network::kInfiniBand, "ib"},
    {Network::kTcp, "tcp"}};
inline EnumNames<Network> NamesOf(Network) { return kNetworkNames; }

// What a host has, by /sys.
struct HostNetwork {
  // IP interfaces that are InfiniBand (IPoIB), and those of containers
  // (bridges without a network card), whose addresses are no way to another
  // host.
  std::vector<std::string> infiniband, bridges;
  std::vector<std::string> infiniband_devices;  // verbs: mlx5_0 ...
};

// `sys`: "/sys", another folder in tests. What cannot be read is not there.
HostNetwork FindHostNetwork(const std::string& sys = "/sys");

struct NetworkSettings {
  std::vector<std::string> mpirun_options;
  // For NCCL in the ranks.
  std::vector<std::pair<std::string, std::string>> variables;
};

// kTcp uses no InfiniBand, neither by verbs nor by IP over it, for MPI, its
// daemons and NCCL; interfaces are known by their names on this host.
// UsageError for kInfiniBand on a host without an InfiniBand device;
// DistributedError for an unknown release.
absl::StatusOr<NetworkSettings> SettingsOfNetwork(Network network,
                                                  const MpirunVersion& version,
                                                  const HostNetwork& host);

}  // namespace reprise

#endif  // REPRISE_LAUNCH_MPIRUN_COMMAND_NETWORK_H_
