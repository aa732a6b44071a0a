// Who sums the gradients that lie on GPUs.
#ifndef REPRISE_LAUNCH_RUN_GRADIENT_COMMUNICATOR_H_
#define REPRISE_LAUNCH_RUN_GRADIENT_COMMUNICATOR_H_

#include <c10/core/Device.h>

#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "core/comm/communicator.h"
#include "core/comm/decorators/observing_transport.h"
#include "core/comm/nccl/device_api.h"

namespace reprise {

struct GradientCommunicator {
  // By NCCL, where they are; nullptr: in host memory, by the job's own.
  std::unique_ptr<Communicator> on_devices;
  // For the user; empty or one line: why "auto" does not take NCCL.
  std::string warning;
};

// Collective over `host`. `wanted`: "host"; "nccl", UsageError on all ranks
// where one of them cannot; or "auto": NCCL where every rank has a GPU of its
// own and NCCL is there. Of one rank, or on CPUs, there is nothing to sum on
// devices. It is connected once this returns, or has failed within five minutes
// (REPRISE_NCCL_SECONDS). `observer`, where given, is told of its collectives.
// `api`: what LoadDeviceApi gives, or emulated devices in tests.
absl::StatusOr<GradientCommunicator> MakeGradientCommunicator(
    absl::string_view wanted, c10::Device device, Communicator& host,
    CollectiveObserver observer,
    const absl::StatusOr<const DeviceApi*>& api = LoadDeviceApi());

}  // namespace reprise

#endif  // REPRISE_LAUNCH_RUN_GRADIENT_COMMUNICATOR_H_
