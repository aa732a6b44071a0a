// The one training loop: task, epoch and batch order, evaluation and reports,
// for any agent, model and number of ranks. It can be left between any two
// steps or stages and entered there again.
#ifndef REPRISE_AGENTS_TRAINING_TRAINING_LOOP_H_
#define REPRISE_AGENTS_TRAINING_TRAINING_LOOP_H_

#include <cstdint>
#include <functional>
#include <memory>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "agents/agent.h"
#include "agents/training/batch_input.h"
#include "agents/training/gradient_step.h"
#include "agents/training/phase_timer.h"
#include "agents/training/run_state.h"
#include "agents/training/training_epoch.h"
#include "agents/training/training_options.h"
#include "agents/training/training_parts.h"
#include "core/base/state.h"
#include "core/comm/communicator.h"
#include "core/metrics/metric_sink.h"
#include "data/dataset.h"
#include "data/scenario/scenario.h"
#include "models/model.h"

namespace reprise {

// Trains on the tasks in order and reports to the sink.
//
// A failure on one rank ends a call on every rank with the same Status, which
// names rank, task, epoch and step (IsAgreed): the next sum of gradients tells
// that there is one, and costs nothing where there is none. This does not hold
// for failures inside a communicator, of AugmentBatch, of backward with
// sync_batch_norm and of steps with use_adasum, as other ranks wait elsewhere
// then: the communicator is aborted with that rank's Status. After an error
// the loop is of no further use.
class TrainingLoop {
 public:
  // Collective. The model's initial parameters become rank 0's. UsageError
  // where the agent's loss does not split and a step is to be in parts.
  static absl::StatusOr<std::unique_ptr<TrainingLoop>> Create(
      const TrainingParts& parts);

  TrainingLoop(const TrainingLoop&) = delete;

  // Collective: goes on to the end of the run, or to where `pause` says so,
  // which is asked before each step and each stage and must answer alike on
  // every rank. Called again, it goes on.
  using Pause = std::function<bool(const RunState& place)>;
  absl::Status Run(const Pause& pause = nullptr);

  const RunState& state() const { return state_; }

  // Collective. Where Run has paused: all that a loop made of equal parts needs
  // to go on from here, model, optimizer and agent included, on this rank
  // (running statistics of batch normalisation and a buffer's rows are each
  // rank's own). Waits for the exchange of a buffer. Loaded in place of a first
  // Run; hooks that came before are not called again. An error of one rank, of
  // core/base/state.h, a device or the buffer, is every rank's.
  absl::Status SaveState(const StateWriter& state);
  absl::Status LoadState(const StateReader& state);

 private:
  explicit TrainingLoop(const TrainingParts& parts);

  // Aborts the communicators where the other ranks cannot know of `status`.
  absl::Status AbortUnlessAgreed(const absl::Status& status);
  absl::Status AgreeOrAbort(const absl::Status& local);
  absl::Status Prepare();
  absl::Status BroadcastParameters();
  absl::Status CheckPlace(const StateReader& state) const;

  TaskContext ContextOf(int64_t task);
  absl::Status AgreeOnHook(const absl::Status& local);

  // The stages, each of which sets the next one.
  absl::Status RunStage();
  absl::Status StartTask();
  absl::Status EvaluateSeen();
  absl::Status TrainEpoch();
  absl::Status EndTask();
  absl::Status ReportTask();
  absl::Status ReportRun();

  const TrainingParts parts_;
  const TrainingOptions& options_;
  const BatchInput input_;
  PhaseTimer timer_;
  std::unique_ptr<GradientStep> step_;
  RunState state_;
  std::unique_ptr<TrainingEpoch> epoch_;
};

// Collective: a whole run.
absl::Status Train(const TrainingOptions& options, const DatasetPair& data,
                   const std::vector<TaskSpec>& tasks, Model& model,
                   Agent& agent, Communicator& communicator, MetricSink& sink);

}  // namespace reprise

#endif  // REPRISE_AGENTS_TRAINING_TRAINING_LOOP_H_
