// Which device each rank of a job computes on: GPUs that the ranks of a host
// share out among them, or the CPU on all of them, and what the user is told.
#ifndef REPRISE_LAUNCH_RUN_DEVICES_JOB_DEVICES_H_
#define REPRISE_LAUNCH_RUN_DEVICES_JOB_DEVICES_H_

#include <functional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "core/comm/communicator.h"
#include "core/device/device.h"
#include "core/device/gpu/device_request.h"

namespace reprise {

// One rank's answer.
struct RankDevice {
  std::string host;
  bool on_gpu = false;
  std::string missing;       // why it is on the CPU
  bool is_expected = false;  // the user should read that
};

// What the user should read of all ranks' answers, ranks of one reason in one
// line: "computing on the CPU: ranks 0-1 on node-1: ...". Under kAuto a job on
// CPUs and GPUs both is a UsageError that names the ranks, hosts and reasons:
// kernels differ, and so would the ranks' parameters. Under kCuda any rank
// without a GPU is one.
absl::StatusOr<std::vector<std::string>> CompareDevices(
    DeviceKind wanted, const std::vector<RankDevice>& ranks);

struct JobDevices {
  c10::Device own{c10::DeviceType::CPU};
  std::vector<std::string> warnings;  // the same on every rank
  // PCI ids of the GPUs of this host's ranks, by their numbers on the host;
  // empty on CPUs.
  std::vector<std::string> gpus_of_host;
};

// What is asked about this process; others in tests.
struct DeviceSource {
  std::string host;
  std::function<std::vector<std::string>()> pci_ids;
  // ChooseDevice under kAuto.
  std::function<absl::StatusOr<DeviceChoice>(int gpu)> choose;
};
DeviceSource DevicesOfThisProcess();

// Collective; `wanted` is that of --device and the same on every rank. Errors
// are those of CompareDevices, on every rank.
absl::StatusOr<JobDevices> ChooseJobDevices(
    DeviceKind wanted, Communicator& communicator,
    const DeviceSource& source = DevicesOfThisProcess());

}  // namespace reprise

#endif  // REPRISE_LAUNCH_RUN_DEVICES_JOB_DEVICES_H_
