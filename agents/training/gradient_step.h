// One optimizer step on this rank's part of the global batch: forward and
// backward, in parts or in one, the reduction over ranks behind it, and the
// update.
#ifndef REPRISE_AGENTS_TRAINING_GRADIENT_STEP_H_
#define REPRISE_AGENTS_TRAINING_GRADIENT_STEP_H_

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <memory>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "agents/agent.h"
#include "agents/batch.h"
#include "agents/training/batch_input.h"
#include "agents/training/local_failure.h"
#include "agents/training/phase_timer.h"
#include "agents/training/run_state.h"
#include "agents/training/step_meter.h"
#include "agents/training/training_options.h"
#include "agents/training/training_parts.h"
#include "core/comm/communicator.h"
#include "core/comm/gradients/adasum.h"
#include "core/comm/gradients/gradient_reducer.h"
#include "core/tensor/optimizer.h"
#include "models/model.h"

namespace reprise {

// What every numerator carries, so that sums are about as large as gradients
// are: a power of two, which rounds nothing, near 1 / (samples of a full step
// over all ranks).
double NumeratorScale(const TrainingOptions& options);

// Not thread-safe. Takes the model's hooks for gradients and statistics, and
// gives them back when it goes; it must outlive the communicator's Abort, as a
// bucket under way may lie in its memory.
class GradientStep {
 public:
  // All outlive it.
  static absl::StatusOr<std::unique_ptr<GradientStep>> Create(
      const TrainingParts& parts, const BatchInput& input, PhaseTimer& timer);
  ~GradientStep();
  GradientStep(const GradientStep&) = delete;

  // Collective. `batch` has its representatives. Adds to the epoch's meter and
  // reduction times. A failure that can wait for the next sum is kept in
  // failure(). A loss on a device that is not finite changes no parameter;
  // where nothing else makes the host wait for the device, it shows when the
  // meter is collected.
  absl::Status Run(Batch& batch, const OptimizerOptions& optimizer,
                   StepMeter* meter, ReductionTimes* times);

  Optimizer& optimizer() { return optimizer_; }
  LocalFailure& failure() { return *failure_; }

 private:
  GradientStep(const TrainingParts& parts, const BatchInput& input,
               PhaseTimer& timer);

  absl::Status MakeReduction();
  void TakeHooks();
  bool IsStaged() const;
  bool ChecksLossesLater() const;
  at::Tensor ReducedGradients() const;

  absl::Status ForwardBackwardInParts(Batch& batch, StepMeter* meter);
  absl::Status ForwardBackward(Batch& batch, StepMeter* meter);
  void MakeTensors(Batch& batch) const;
  absl::Status Account(const Batch& batch, const LossResult& loss,
                       const at::Tensor& logits, StepMeter* meter);
  void FinishBackward(double local_weight);
  absl::StatusOr<double> FinishSum(ReductionTimes* times);
  absl::StatusOr<double> CombineByAdasum(double local_weight,
                                         ReductionTimes* times);
  absl::Status SumStatistics(at::Tensor& sums);

  const TrainingOptions& options_;
  const BatchInput& input_;
  Model& model_;
  ParameterStore& parameters_;
  Agent& agent_;
  Communicator& communicator_;
  PhaseTimer& timer_;
  Optimizer optimizer_;
  const double gradient_scale_;  // NumeratorScale
  bool has_hooks_ = false;

  // What is reduced: the gradients, or, where they cannot be summed where they
  // are, a copy in host memory.
  at::Tensor reduced_;
  std::unique_ptr<GradientReducer> reducer_;
  std::unique_ptr<Adasum> adasum_;  // in place of reducer_, where set
  std::unique_ptr<LocalFailure> failure_;
  // Whether batch normalisation is over ranks; and its last sum.
  bool sums_statistics_ = false;
  absl::Status statistics_summed_;
  // Of the part that is in backward: its gradients are complete.
  bool is_last_part_ = true;
  // Of the parts so far: whether all losses are finite, where that is known on
  // the device alone.
  at::Tensor is_finite_;
};

}  // namespace reprise

#endif  // REPRISE_AGENTS_TRAINING_GRADIENT_STEP_H_
