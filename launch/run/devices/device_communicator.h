// What ranks communicate by in the memory of their GPUs: gradients and, where
// the rehearsal buffer lies there, its rows.
#ifndef REPRISE_LAUNCH_RUN_DEVICES_DEVICE_COMMUNICATOR_H_
#define REPRISE_LAUNCH_RUN_DEVICES_DEVICE_COMMUNICATOR_H_

#include <c10/core/Device.h>

#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "core/comm/communicator.h"
#include "core/comm/decorators/observing_transport.h"
#include "core/comm/nccl/device_api.h"
#include "launch/settings/reduction_settings.h"

namespace reprise {

struct DeviceCommunicator {
  // NCCL's; nullptr: gradients are summed in host memory, by the job's own
  // communicator.
  std::unique_ptr<Communicator> on_devices;
  // One line for the user: why kAuto does not take NCCL. Empty: it does, or
  // nobody would expect it to.
  std::string warning;
};

// Collective over `host`. kNccl: UsageError on all ranks where one of them
// cannot; kAuto: NCCL where every rank has a GPU of its own and NCCL is there.
// One rank, and ranks on CPUs, have nothing to sum on devices. The result is
// connected; connecting takes at most five minutes (REPRISE_NCCL_SECONDS), then
// it has failed. `observer`, where given, is told of its collectives. `api`:
// what LoadDeviceApi gives, or emulated devices in tests.
absl::StatusOr<DeviceCommunicator> MakeDeviceCommunicator(
    ReductionPlace wanted, c10::Device device, Communicator& host,
    CollectiveObserver observer,
    const absl::StatusOr<const DeviceApi*>& api = LoadDeviceApi());

}  // namespace reprise

#endif  // REPRISE_LAUNCH_RUN_DEVICES_DEVICE_COMMUNICATOR_H_
