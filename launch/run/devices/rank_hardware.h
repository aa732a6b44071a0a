// What a rank computes on and how: device, cores, threads, precision and memory
// format, and what all ranks of the run have, for the user and run.json.
#ifndef REPRISE_LAUNCH_RUN_DEVICES_RANK_HARDWARE_H_
#define REPRISE_LAUNCH_RUN_DEVICES_RANK_HARDWARE_H_

#include <c10/core/Device.h>
#include <c10/core/MemoryFormat.h>

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "core/comm/communicator.h"
#include "core/comm/decorators/observing_transport.h"
#include "core/device/gpu/device_request.h"
#include "core/device/precision.h"
#include "launch/cli/enum_names.h"
#include "launch/process/threads/core_binding.h"
#include "launch/run/devices/device_communicator.h"
#include "launch/run/ranks/rank_summary.h"
#include "launch/settings/experiment_spec.h"

namespace reprise {

// The flags of the same names.
struct HardwareOptions {
  DeviceKind device = DeviceKind::kAuto;
  CoreBinding bind = CoreBinding::kAuto;
  ReductionPlace reduction = ReductionPlace::kAuto;
  PrecisionKind precision = PrecisionKind::kAuto;
  ImageLayout memory_format = ImageLayout::kAuto;
};

// Who chose the memory format: the flag, the table as measured, its rule.
enum class MemoryFormatOrigin { kFlag, kMeasured, kRule };
inline constexpr EnumName<MemoryFormatOrigin> kMemoryFormatOriginNames[] = {
    {MemoryFormatOrigin::kFlag, "flag"},
    {MemoryFormatOrigin::kMeasured, "measured"},
    {MemoryFormatOrigin::kRule, "rule"}};
inline EnumNames<MemoryFormatOrigin> NamesOf(MemoryFormatOrigin) {
  return kMemoryFormatOriginNames;
}

struct RankHardware {
  c10::Device device{c10::DeviceType::CPU};
  RankCores cores;
  int64_t threads = 1;  // of computation
  DeviceCommunicator device_communicator;
  Precision precision;
  at::MemoryFormat memory_format = at::MemoryFormat::Contiguous;
  MemoryFormatOrigin memory_format_origin = MemoryFormatOrigin::kFlag;
  std::vector<RankSummary> ranks;  // of all ranks, the same on each
};

// Collective; all ranks pass the same options and network, each its own cores
// and threads. Binds this process to cores near its GPU, sets the process's
// precision and LibTorch's threads, and logs rank 0's warnings. `network`:
// Model::name(), by which the memory format is chosen. `observer`:
// MakeDeviceCommunicator's.
//
// Errors are the same on all ranks: UsageError for what a rank cannot have, and
// where kAuto means different precisions or memory formats on two ranks, which
// would compute different things; DistributedError of the communicators.
absl::StatusOr<RankHardware> ChooseHardware(const HardwareOptions& options,
                                            absl::string_view network,
                                            const RankCores& cores,
                                            int64_t threads,
                                            Communicator& communicator,
                                            CollectiveObserver observer);

}  // namespace reprise

#endif  // REPRISE_LAUNCH_RUN_DEVICES_RANK_HARDWARE_H_
