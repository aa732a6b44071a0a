// The rehearsal buffer of a run as its flags ask for: shared by all ranks or
// one of each, in host or in device memory.
#ifndef REPRISE_LAUNCH_RUN_PARTS_REHEARSAL_SETUP_H_
#define REPRISE_LAUNCH_RUN_PARTS_REHEARSAL_SETUP_H_

#include <c10/core/Device.h>

#include <cstdint>
#include <memory>

#include "absl/status/statusor.h"
#include "core/buffer/rehearsal_buffer.h"
#include "core/buffer/slot_directory.h"
#include "core/comm/communicator.h"
#include "launch/run/parts/step_sizes.h"
#include "launch/settings/experiment_spec.h"

namespace reprise {

// What a buffer communicates by: in host memory, and in that of the ranks'
// devices; the latter nullptr for one rank and where there is no way.
struct BufferChannels {
  Communicator* host = nullptr;
  Communicator* on_devices = nullptr;
  c10::Device device{c10::DeviceType::CPU};
};

// Rows of the data set that a buffer keeps.
struct BufferRows {
  int64_t num_classes = 0;
  int64_t row_bytes = 0;
};

// Whether rows go from device to device.
bool SharesDeviceBuffer(const ExperimentSpec& spec, int world_size);

// Collective. `device` is this rank's, `on_gpus` the communicator of the ranks'
// GPUs or nullptr. UsageError on all ranks where a buffer in device memory is
// to be shared and one rank has nothing to share it by.
absl::StatusOr<BufferChannels> ChooseBufferChannels(const ExperimentSpec& spec,
                                                    c10::Device device,
                                                    Communicator& host,
                                                    Communicator* on_gpus);

// The buffer of the spec's agent, which has one by its traits. The channels'
// communicators outlive the buffer. Of an agent that offers every incoming
// sample it takes all, whatever `sizes` says of candidates.
std::unique_ptr<RehearsalBuffer> MakeRehearsalBuffer(
    const ExperimentSpec& spec, const BufferRows& rows, const StepSizes& sizes,
    const BufferChannels& channels);

}  // namespace reprise

#endif  // REPRISE_LAUNCH_RUN_PARTS_REHEARSAL_SETUP_H_
