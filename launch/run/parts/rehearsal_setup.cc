#include "launch/run/parts/rehearsal_setup.h"

#include <optional>
#include <utility>

#include "absl/status/status.h"
#include "agents/tensor_rows.h"
#include "core/base/status.h"
#include "core/buffer/device_rows.h"

namespace reprise {

bool SharesDeviceBuffer(const ExperimentSpec& spec, int world_size) {
  return spec.HasBuffer() && spec.buffer_memory == "device" &&
         spec.buffer == "distributed" && world_size > 1;
}

absl::StatusOr<BufferChannels> ChooseBufferChannels(const ExperimentSpec& spec,
                                                    c10::Device device,
                                                    Communicator& host,
                                                    Communicator* on_gpus) {
  BufferChannels channels;
  channels.host = &host;
  channels.device = device;
  if (host.world_size() > 1) {
    // On CPUs the memory of the device is the host's.
    channels.on_devices = device.is_cpu() ? &host : on_gpus;
  }
  if (!SharesDeviceBuffer(spec, host.world_size())) return channels;
  REPRISE_RETURN_IF_ERROR(AgreeOnStatus(
      host,
      channels.on_devices != nullptr
          ? absl::OkStatus()
          : UsageError("--buffer-memory=device: a buffer that ranks share goes "
                       "from GPU to GPU by NCCL, which this run does not use "
                       "(see --reduction); take --buffer-memory=host or "
                       "--buffer=local")));
  return channels;
}

std::unique_ptr<RehearsalBuffer> MakeRehearsalBuffer(
    const ExperimentSpec& spec, const BufferRows& rows, const StepSizes& sizes,
    BufferPolicy policy, const BufferChannels& channels) {
  Communicator& communicator = *channels.host;
  const bool shared = spec.buffer == "distributed";
  const int world_size = communicator.world_size();
  RehearsalBufferOptions options;
  options.policy = policy;
  options.num_classes = rows.num_classes;
  options.capacity_per_class = spec.agent_config.num_representatives *
                               (spec.capacity == "per-rank" ? world_size : 1);
  options.row_bytes = rows.row_bytes;
  options.candidates = sizes.global_candidates;
  if (policy == BufferPolicy::kReservoir) options.candidates = std::nullopt;
  options.representatives = sizes.global_representatives;
  options.asynchronous = spec.rehearsal == "async";
  options.seed = spec.seed;
  std::unique_ptr<DeviceRows> device_rows;
  if (spec.buffer_memory == "device") {
    device_rows = MakeTensorRows(channels.device, options.row_bytes,
                                 shared ? channels.on_devices : nullptr);
  }
  return std::make_unique<RehearsalBuffer>(
      shared ? options : options.OfRank(communicator.rank(), world_size),
      shared ? &communicator : nullptr, std::move(device_rows));
}

}  // namespace reprise
