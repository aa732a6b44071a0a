// An epoch of a task: its steps, one at a time, and what follows the last one:
// checks of the replicas and the epoch's report.
#ifndef REPRISE_AGENTS_TRAINING_TRAINING_EPOCH_H_
#define REPRISE_AGENTS_TRAINING_TRAINING_EPOCH_H_

#include <cstdint>
#include <functional>
#include <optional>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "agents/batch.h"
#include "agents/training/gradient_step.h"
#include "agents/training/phase_timer.h"
#include "agents/training/run_state.h"
#include "agents/training/training_options.h"
#include "agents/training/training_parts.h"
#include "core/base/dtype.h"
#include "core/comm/communicator.h"
#include "core/metrics/meters.h"
#include "core/metrics/metric_sink.h"
#include "core/tensor/optimizer_step.h"
#include "data/sharded_sampler.h"

namespace reprise {

// Of an epoch over `samples` rows.
ShardedSampler MakeSampler(const TrainingOptions& options,
                           const Communicator& communicator, int64_t samples);

// Of an epoch over `samples` rows: those that the options let it have.
int64_t StepsPerEpoch(const TrainingOptions& options,
                      const Communicator& communicator, int64_t samples);

// Of one epoch after the other: what is of one of them lies in the state, so
// that another object goes on in the middle. Not thread-safe.
class TrainingEpoch {
 public:
  // All outlive this. `steps_of_run`: expected, for the progress report only.
  TrainingEpoch(const TrainingParts& parts, GradientStep& step,
                PhaseTimer& timer, RunState& state, int64_t steps_of_run);

  // Collective. The next step of the state's epoch, or what follows its last
  // one; whether that was it, and the epoch is over. Errors name the step.
  absl::StatusOr<bool> Next();

  // Collective: whether all is well on all ranks so far, what their devices
  // alone knew included. The state's meter is collected.
  absl::Status Settle();

 private:
  void Begin();
  absl::Status TrainStep();
  absl::Status CollectMeter(
      int64_t step,
      const std::function<bool(const absl::Status&)>& counts = nullptr);
  absl::Status UpdateParameters(const OptimizerOptions& optimizer);
  Batch MakeBatch() const;
  OptimizerOptions OptimizerAt(int64_t step) const;
  absl::Status ReportStep();
  absl::Status End();
  absl::Status CheckReplicas();
  absl::Status ReportEpoch();
  absl::Status SumOverRanks(void* values, int64_t count, DType dtype);

  const TrainingParts parts_;
  const TrainingOptions& options_;
  Communicator& communicator_;
  GradientStep& step_;
  PhaseTimer& timer_;
  RunState& state_;
  const int64_t steps_of_run_;
  // Of the epoch that this object is in.
  std::optional<ShardedSampler> sampler_;
  int64_t steps_ = 0;
  TrainMeter meter_;  // as last collected
};

}  // namespace reprise

#endif  // REPRISE_AGENTS_TRAINING_TRAINING_EPOCH_H_
