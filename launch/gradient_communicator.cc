#include "launch/gradient_communicator.h"

#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "core/base/status.h"
#include "core/comm/nccl/device_api.h"
#include "core/comm/nccl/nccl_transport.h"
#include "core/comm/observing/observing_transport.h"
#include "core/comm/reduce.h"
#include "core/comm/transport.h"

namespace reprise {
namespace {

// Why this rank cannot; OK if it can.
absl::Status CanUseNccl(const DeviceChoice& device, const Communicator& host) {
  if (device.device.is_cpu()) {
    return UsageError("it computes on the CPU");
  }
  if (host.local_size() > device.devices) {
    return UsageError(absl::StrCat("its host has ", device.devices,
                                   " GPUs for ", host.local_size(),
                                   " ranks, and NCCL wants one for each"));
  }
  return LoadDeviceApi().status();
}

}  // namespace

absl::StatusOr<GradientCommunicator> MakeGradientCommunicator(
    absl::string_view wanted, const DeviceChoice& device, Communicator& host,
    Timeline* timeline) {
  GradientCommunicator made;
  if (wanted == "host" || host.world_size() == 1) return made;
  int32_t gpus = device.device.is_cpu() ? 0 : 1;
  REPRISE_RETURN_IF_ERROR(
      host.AllReduce(&gpus, 1, DType::kInt32, ReduceOp::kSum)->Wait());
  if (wanted == "auto" && gpus == 0) return made;
  const absl::Status can = AgreeOnStatus(host, CanUseNccl(device, host));
  if (!can.ok() && wanted == "auto") {
    made.warning = absl::StrCat(
        "gradients are summed in host memory, after backward: ", can.message());
    return made;
  }
  REPRISE_RETURN_IF_ERROR(Annotate(can, "--reduction=nccl"));
  REPRISE_ASSIGN_OR_RETURN(const DeviceApi* const api, LoadDeviceApi());
  REPRISE_ASSIGN_OR_RETURN(
      made.on_devices,
      CreateNcclCommunicator(
          *api, device.device.index(), host,
          [timeline](std::unique_ptr<Transport> transport) {
            if (timeline == nullptr) return transport;
            return MakeObservingTransport(
                std::move(transport),
                [timeline](const Collective& collective, absl::Time issued,
                           absl::Time completed) {
                  timeline->Add("collectives", Signature(collective), issued,
                                completed);
                });
          }));
  return made;
}

}  // namespace reprise
