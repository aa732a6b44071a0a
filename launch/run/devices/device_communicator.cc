#include "launch/run/devices/device_communicator.h"

#include <cstdint>
#include <cstdlib>
#include <map>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "core/base/host_name.h"
#include "core/base/status.h"
#include "core/comm/agreement.h"
#include "core/comm/nccl/nccl_transport.h"
#include "core/comm/transport.h"
#include "core/device/compute_stream.h"

namespace reprise {
namespace {

// "host, GPU 0000:3b:00.0": what NCCL wants each rank to have one of.
absl::StatusOr<std::string> GpuOfRank(
    c10::Device device, const absl::StatusOr<const DeviceApi*>& api) {
  if (device.is_cpu()) return UsageError("it computes on the CPU");
  REPRISE_RETURN_IF_ERROR(api.status());
  REPRISE_ASSIGN_OR_RETURN(const std::string id, (*api)->BusId(device.index()));
  return absl::StrCat(HostName(), ", GPU ", id);
}

// Collective. Why the ranks cannot use NCCL; OK if they can.
absl::Status CanUseNccl(c10::Device device,
                        const absl::StatusOr<const DeviceApi*>& api,
                        Communicator& host) {
  const absl::StatusOr<std::string> mine = GpuOfRank(device, api);
  REPRISE_RETURN_IF_ERROR(AgreeOnStatus(host, mine.status()));
  REPRISE_ASSIGN_OR_RETURN(const std::vector<std::string> gpus,
                           AllGatherStrings(host, *mine));
  std::map<std::string, size_t> rank_of;
  for (size_t rank = 0; rank < gpus.size(); ++rank) {
    const auto [other, is_new] = rank_of.emplace(gpus[rank], rank);
    if (is_new) continue;
    return MarkAgreed(UsageError(
        absl::StrCat("ranks ", other->second, " and ", rank, " share one (",
                     gpus[rank], "), and NCCL wants a GPU for each")));
  }
  return absl::OkStatus();
}

// What a slow cluster sets.
absl::StatusOr<absl::Duration> TimeLimit() {
  const char* const text = getenv("REPRISE_NCCL_SECONDS");
  if (text == nullptr) return NcclOptions().time_limit;
  double seconds = 0;
  if (!absl::SimpleAtod(text, &seconds) || !(seconds > 0)) {
    return UsageError(
        absl::StrCat("REPRISE_NCCL_SECONDS must be a number of seconds above "
                     "0, not '",
                     text, "'"));
  }
  return absl::Seconds(seconds);
}

}  // namespace

absl::StatusOr<DeviceCommunicator> MakeDeviceCommunicator(
    ReductionPlace wanted, c10::Device device, Communicator& host,
    CollectiveObserver observer, const absl::StatusOr<const DeviceApi*>& api) {
  DeviceCommunicator made;
  if (wanted == ReductionPlace::kHost || host.world_size() == 1) return made;
  int32_t gpus = device.is_cpu() ? 0 : 1;
  REPRISE_RETURN_IF_ERROR(
      host.AllReduce(&gpus, 1, DType::kInt32, ReduceOp::kSum)->Wait());
  if (wanted == ReductionPlace::kAuto && gpus == 0) return made;
  const absl::Status can = CanUseNccl(device, api, host);
  // The communicator's own failure is no reason to go on without NCCL.
  if (!can.ok() && wanted == ReductionPlace::kAuto &&
      ExitCodeOf(can) == ExitCode::kUsage) {
    made.warning = absl::StrCat(
        "gradients are summed in host memory, after backward: ", can.message());
    return made;
  }
  REPRISE_RETURN_IF_ERROR(Annotate(can, "--reduction=nccl"));
  const absl::StatusOr<absl::Duration> time_limit = TimeLimit();
  REPRISE_RETURN_IF_ERROR(AgreeOnStatus(host, time_limit.status()));
  NcclOptions options;
  options.compute_stream = [device] { return ComputeStream(device); };
  options.time_limit = *time_limit;
  options.decorator = [&observer](std::unique_ptr<Transport> transport) {
    if (!observer) return transport;
    return MakeObservingTransport(std::move(transport), observer);
  };
  REPRISE_ASSIGN_OR_RETURN(
      made.on_devices,
      CreateNcclCommunicator(**api, device.index(), host, options));
  return made;
}

}  // namespace reprise
