#include "launch/run/parts/rehearsal_setup.h"

#include <optional>
#include <utility>

#include "absl/status/status.h"
#include "core/base/check.h"
#include "core/base/status.h"
#include "core/buffer/row_store.h"
#include "core/comm/agreement.h"
#include "core/device/tensor_rows.h"
#include "launch/settings/agent_rows.h"
#include "launch/settings/experiment_spec.h"

namespace reprise {

bool SharesDeviceBuffer(const ExperimentSpec& spec, int world_size) {
  return TraitsOf(spec).buffer.has_value() &&
         spec.rehearsal.memory == BufferMemory::kDevice &&
         spec.rehearsal.buffer == BufferScope::kDistributed && world_size > 1;
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
    const BufferChannels& channels) {
  const AgentTraits traits = TraitsOf(spec);
  REPRISE_CHECK(traits.buffer.has_value()) << spec.agent.name;
  Communicator& communicator = *channels.host;
  const bool shared = spec.rehearsal.buffer == BufferScope::kDistributed;
  const int world_size = communicator.world_size();
  RehearsalBufferOptions options;
  options.policy = *traits.buffer;
  options.num_classes = rows.num_classes;
  options.capacity_per_class =
      spec.agent.num_representatives *
      (spec.rehearsal.capacity == BufferCapacity::kPerRank ? world_size : 1);
  options.row_bytes = rows.row_bytes;
  options.candidates = sizes.global_candidates;
  if (traits.offers_every_sample) options.candidates = std::nullopt;
  options.representatives = sizes.global_representatives;
  options.asynchronous = spec.rehearsal.draw == DrawTime::kAsync;
  options.seed = spec.training.seed;
  std::unique_ptr<RowStore> device_rows;
  if (spec.rehearsal.memory == BufferMemory::kDevice) {
    device_rows = MakeTensorRows(channels.device, options.row_bytes,
                                 shared ? channels.on_devices : nullptr);
  }
  return std::make_unique<RehearsalBuffer>(
      shared ? options : options.OfRank(communicator.rank(), world_size),
      shared ? &communicator : nullptr, std::move(device_rows));
}

}  // namespace reprise
