// What ranks communicate by in the memory of their GPUs: gradients and, where
// the rehearsal buffer lies there, its rows.
#ifndef REPRISE_LAUNCH_RUN_DEVICES_DEVICE_COMMUNICATOR_H_
#define REPRISE_LAUNCH_RUN_DEVICES_DEVICE_COMMUNICATOR_H_

#include <c10/core/Device.h>

#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "core/comm/communicator.h"
#include "core/comm/nccl/device_api.h"
#include "core/comm/observing/observing_transport.h"

namespace reprise {

struct DeviceCommunicator {
  // NCCL's; nullptr: gradients are summed in host memory, by the job's own
  // communicator.
  std::unique_ptr<Communicator> on_devices;
  // One line for the user: why "auto" does not take NCCL. Empty: it does, or
  // nobody would expect it to.
  std::string warning;
};

// Collective over `host`. `wanted`: "host"; "nccl", UsageError on all ranks
// where one of them cannot; or "auto": NCCL where every rank has a GPU of its
// own and NCCL is there. One rank, and ranks on CPUs, have nothing to sum on
// devices. The result is connected; connecting takes at most five minutes
// (REPRISE_NCCL_SECONDS), then it has failed. `observer`, where given, is told
// of its collectives. `api`: what LoadDeviceApi gives, or emulated devices in
// tests.
absl::StatusOr<DeviceCommunicator> MakeDeviceCommunicator(
    absl::string_view wanted, c10::Device device, Communicator& host,
    CollectiveObserver observer,
    const absl::StatusOr<const DeviceApi*>& api = LoadDeviceApi());

}  // namespace reprise

#endif  // REPRISE_LAUNCH_RUN_DEVICES_DEVICE_COMMUNICATOR_H_
