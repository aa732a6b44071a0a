// From sample references to the tensor that the network reads: one fused
// gather, straight into the batch, then to the model's device. Made when the
// step needs its batch, by the thread that asks: nothing is prefetched, as all
// of batch preparation takes under 1 % of a step (docs/ALGORITHMS.md).
#ifndef REPRISE_AGENTS_TRAINING_BATCH_INPUT_H_
#define REPRISE_AGENTS_TRAINING_BATCH_INPUT_H_

#include <ATen/core/Tensor.h>

#include <cstddef>
#include <cstdint>
#include <mutex>
#include <vector>

#include "core/base/sample.h"
#include "core/tensor/gather_normalize.h"
#include "data/dataset.h"

namespace reprise {

// Thread-safe. LibTorch exceptions pass through.
class BatchInput {
 public:
  explicit BatchInput(const RowFormat& format);

  // [n, C, H, W] of `type`, NHWC in memory, on `device`. n may be 0.
  at::Tensor Make(const std::vector<Sample>& samples, at::ScalarType type,
                  at::Device device) const {
    return Make(samples, {}, type, device);
  }

  // The same with sample i placed by placements[i] (gather_normalize.h), or
  // not, where `placements` is empty. The rows of the last `on_device` samples
  // lie in the memory of `device`, all in one block of rows.
  at::Tensor Make(const std::vector<Sample>& samples,
                  const std::vector<Placement>& placements, at::ScalarType type,
                  at::Device device, int64_t on_device = 0) const;

 private:
  at::Tensor MakeOfHostRows(const std::vector<const std::byte*>& rows,
                            const std::vector<Placement>& placements,
                            at::ScalarType type, at::Device device) const;
  at::Tensor MakeOfDeviceRows(const std::vector<const std::byte*>& rows,
                              const std::vector<Placement>& placements,
                              at::ScalarType type, at::Device device) const;
  // core/device/device_input.h's `table` or `scale`; copied there once.
  at::Tensor TableOn(at::Device device, at::ScalarType type) const;

  RowFormat format_;
  std::vector<float> element_scale_;  // fp32 rows
  ImageGatherer gatherer_;
  mutable std::mutex mutex_;
  mutable at::Tensor table_;  // the last TableOn; guarded by mutex_
};

}  // namespace reprise

#endif  // REPRISE_AGENTS_TRAINING_BATCH_INPUT_H_
