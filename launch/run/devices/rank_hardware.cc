#include "launch/run/devices/rank_hardware.h"

#include <ATen/Parallel.h>

#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "core/base/cores.h"
#include "core/base/host_name.h"
#include "core/base/log.h"
#include "core/base/status.h"
#include "core/comm/agreement.h"
#include "core/device/device_description.h"
#include "core/tensor/libtorch_processor.h"
#include "launch/run/devices/job_devices.h"
#include "launch/run/ranks/rank_agreement.h"
#include "models/memory_format_table.h"

namespace reprise {
namespace {

void WarnOnRank0(const Communicator& communicator, const std::string& warning) {
  if (communicator.rank() == 0 && !warning.empty()) LogWarning(warning);
}

absl::StatusOr<RankCores> BindByGpu(const HardwareOptions& options,
                                    const RankCores& cores,
                                    const Communicator& communicator,
                                    const std::vector<std::string>& gpus) {
  // Ranks that have one name for several hosts do not share cores.
  if (static_cast<int>(gpus.size()) != communicator.local_size()) return cores;
  return BindRankByGpu(options.bind, cores, communicator.local_rank(), gpus);
}

absl::Status ChooseDeviceAndCores(const HardwareOptions& options,
                                  const RankCores& cores,
                                  Communicator& communicator,
                                  RankHardware* hardware) {
  REPRISE_ASSIGN_OR_RETURN(const JobDevices devices,
                           ChooseJobDevices(options.device, communicator));
  for (const std::string& warning : devices.warnings) {
    WarnOnRank0(communicator, warning);
  }
  hardware->device = devices.own;
  absl::StatusOr<RankCores> bound =
      BindByGpu(options, cores, communicator, devices.gpus_of_host);
  REPRISE_RETURN_IF_ERROR(AgreeOnStatus(communicator, bound.status()));
  hardware->cores = *std::move(bound);
  return absl::OkStatus();
}

absl::Status ChooseOnePrecision(const HardwareOptions& options,
                                Communicator& communicator,
                                RankHardware* hardware) {
  absl::StatusOr<Precision> precision =
      ChoosePrecision(options.precision, hardware->device);
  REPRISE_RETURN_IF_ERROR(AgreeOnStatus(communicator, precision.status()));
  hardware->precision = *std::move(precision);
  REPRISE_RETURN_IF_ERROR(AgreeOnLines(
      communicator,
      {absl::StrCat("precision = ", NameOf(hardware->precision.kind))},
      "what --precision=auto means on their devices (choose one)"));
  UsePrecision(hardware->precision);
  return absl::OkStatus();
}

absl::Status ChooseOneMemoryFormat(const HardwareOptions& options,
                                   absl::string_view network,
                                   Communicator& communicator,
                                   RankHardware* hardware) {
  hardware->memory_format_origin = MemoryFormatOrigin::kFlag;
  if (options.memory_format == ImageLayout::kChannelsLast) {
    hardware->memory_format = at::MemoryFormat::ChannelsLast;
  } else if (options.memory_format == ImageLayout::kContiguous) {
    hardware->memory_format = at::MemoryFormat::Contiguous;
  } else {
    const MemoryFormatChoice choice = FastestMemoryFormat(
        network, hardware->device, LibTorchProcessor(),
        hardware->precision.compute_type, LibTorchVersion());
    hardware->memory_format = choice.format;
    hardware->memory_format_origin = choice.measured
                                         ? MemoryFormatOrigin::kMeasured
                                         : MemoryFormatOrigin::kRule;
  }
  return AgreeOnLines(
      communicator,
      {absl::StrCat("memory format = ", NameOf(hardware->memory_format))},
      "what --memory-format=auto means on their processors (choose one)");
}

absl::Status GatherRanks(Communicator& communicator, RankHardware* hardware) {
  REPRISE_ASSIGN_OR_RETURN(
      const std::vector<std::string> packed,
      AllGatherStrings(
          communicator,
          PackRank({HostName(), DescribeDevice(hardware->device),
                    hardware->threads, RangesOf(hardware->cores.cores),
                    hardware->cores.bound, CoreQuota().value_or(0)})));
  for (const std::string& rank : packed) {
    REPRISE_ASSIGN_OR_RETURN(RankSummary summary, UnpackRank(rank));
    hardware->ranks.push_back(std::move(summary));
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<RankHardware> ChooseHardware(const HardwareOptions& options,
                                            absl::string_view network,
                                            const RankCores& cores,
                                            int64_t threads,
                                            Communicator& communicator,
                                            CollectiveObserver observer) {
  RankHardware hardware;
  hardware.threads = threads;
  REPRISE_RETURN_IF_ERROR(
      ChooseDeviceAndCores(options, cores, communicator, &hardware));
  // Before the model is made: NCCL takes its memory first.
  REPRISE_ASSIGN_OR_RETURN(
      hardware.device_communicator,
      MakeDeviceCommunicator(options.reduction, hardware.device, communicator,
                             std::move(observer)));
  WarnOnRank0(communicator, hardware.device_communicator.warning);
  REPRISE_RETURN_IF_ERROR(ChooseOnePrecision(options, communicator, &hardware));
  REPRISE_RETURN_IF_ERROR(
      ChooseOneMemoryFormat(options, network, communicator, &hardware));
  REPRISE_RETURN_IF_ERROR(GatherRanks(communicator, &hardware));
  at::set_num_threads(static_cast<int>(threads));
  return hardware;
}

}  // namespace reprise
