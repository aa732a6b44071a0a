// What the forward passes of an epoch tell about the network, losses and
// correct answers, summed where they are computed: in host memory at once; on a
// device by sums that stay there until somebody asks.
#ifndef REPRISE_AGENTS_TRAINING_STEP_METER_H_
#define REPRISE_AGENTS_TRAINING_STEP_METER_H_

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <vector>

#include "absl/status/status.h"
#include "agents/agent.h"
#include "agents/batch.h"
#include "core/base/state.h"
#include "core/metrics/meters.h"

namespace reprise {

// Not thread-safe. LibTorch exceptions pass through.
class StepMeter {
 public:
  // Forgets all.
  void Restart();

  // Adds a batch, or a part of one, whose tensors are there. logits: [n, K]. In
  // host memory: OutOfRangeError that names samples whose loss is not finite,
  // once they are added. On a device OK, without a wait.
  absl::Status Add(const Batch& batch, const LossResult& loss,
                   const at::Tensor& logits);

  // Whether every loss that the last Add brought is finite: [] kBool on the
  // losses' device. Undefined in host memory, where Add has said so.
  const at::Tensor& last_is_finite() const { return last_is_finite_; }

  // Of all since Restart; waits for the device. OutOfRangeError as Add, of the
  // first step on a device that had such a loss, whose number in the epoch
  // then is in `step`.
  absl::Status Collect(TrainMeter* meter, int64_t* step);

  // Of what is collected. Errors as core/base/state.h.
  void SaveState(const StateWriter& state) const;
  absl::Status LoadState(const StateReader& state);

 private:
  // A batch whose losses have been looked at by nobody.
  struct Unchecked {
    int64_t step_of_epoch = 0;
    std::vector<int64_t> ids;
    at::Tensor losses;
  };

  void AddOnDevice(const Batch& batch, const LossResult& loss,
                   const at::Tensor& logits);
  absl::Status CheckLosses(int64_t* step);

  TrainStepSums total_;  // as far as the host knows
  // [5] kDouble: in place of the total's losses and answers, where defined.
  at::Tensor device_total_;
  at::Tensor last_is_finite_;
  std::vector<Unchecked> unchecked_;
};

}  // namespace reprise

#endif  // REPRISE_AGENTS_TRAINING_STEP_METER_H_
