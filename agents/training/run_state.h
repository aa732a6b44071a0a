// Where a run is and what it has gathered on the way, as a value: with the
// states of model, optimizer and agent it is all that the training loop needs
// to go on from there, at any stage and step.
#ifndef REPRISE_AGENTS_TRAINING_RUN_STATE_H_
#define REPRISE_AGENTS_TRAINING_RUN_STATE_H_

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "absl/status/status.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "agents/training/phase_timer.h"
#include "agents/training/step_meter.h"
#include "core/base/state.h"
#include "core/metrics/metric_sink.h"
#include "models/model.h"

namespace reprise {

// What the loop does next. Of each task
//   kTaskStart, kEvaluation, then epochs times (kEpoch, kEvaluation), with
//   kTaskEnd between the two of the last epoch, then kTaskReport.
enum class Stage {
  kTaskStart,
  kEvaluation,  // after `epoch` epochs of the task
  kEpoch,       // step `step`, or the end of the epoch after its last one
  kTaskEnd,
  kTaskReport,
  kRunEnd,
  kDone
};

// Of the reduction of an epoch's steps; summed over ranks as an array.
struct ReductionTimes {
  double overlapped_seconds = 0;  // hidden by backward
  double busy_seconds = 0;

  double OverlapShare() const {
    return busy_seconds > 0 ? overlapped_seconds / busy_seconds : 0;
  }
};

// Wall clock while the loop runs. Made stopped, at 0.
class ElapsedTime {
 public:
  void Start() { since_ = absl::Now(); }
  void Stop() { *this = ElapsedTime(Seconds()); }
  // From 0, started.
  void Restart() {
    *this = ElapsedTime();
    Start();
  }
  explicit ElapsedTime(double seconds = 0) : before_(seconds) {}
  double Seconds() const {
    if (!since_.has_value()) return before_;
    return before_ + absl::ToDoubleSeconds(absl::Now() - *since_);
  }

 private:
  double before_;
  std::optional<absl::Time> since_;  // where started
};

struct RunState {
  // The place. Epochs count within the task, steps within the epoch: those
  // that are done.
  Stage stage = Stage::kTaskStart;
  int64_t task = 0, epoch = 0, step = 0;
  int64_t step_of_task = 0, steps_of_run = 0;
  // Of the task: rows of the training set that its epochs go over.
  std::vector<int64_t> rows;

  // Of the epoch, on this rank.
  StepMeter meter;
  ReductionTimes reduction;
  ElapsedTime epoch_time;
  // This rank's, of the processes that the run has had before this one; and of
  // the run, when the epoch began.
  PhaseSeconds phase_seconds{}, phase_seconds_before_epoch{};

  // Of the task and of the run, over all ranks.
  ElapsedTime task_time, run_time;
  ReductionTimes run_reduction;
  int64_t incoming_samples = 0;
  double training_seconds = 0;

  // RunningStatistics' count at the last merge over ranks.
  int64_t merged_batches = 0;
  // [P] where each task begins with them, else undefined.
  at::Tensor initial_parameters;
  // Where the best network is selected: of the task, and its mean loss on the
  // test sets. nullptr: none yet.
  std::unique_ptr<Model> best;
  double best_loss = 0;

  // Of epoch, task and run.
  void StartClocks();
  void StopClocks();

  // Of the run so far, where `timer` is this process's. Waits for its device.
  PhaseSeconds PhaseSecondsNow(PhaseTimer& timer) const;

  // Of a meter that is collected. Loaded into a state as the loop makes it,
  // whose `initial_parameters` say whether there are any; `network` is of the
  // run, to make `best` of. Errors as core/base/state.h; LibTorch exceptions
  // pass through.
  void Save(const StateWriter& state, PhaseTimer& timer) const;
  absl::Status Load(const StateReader& state, const Model& network);
};

}  // namespace reprise

#endif  // REPRISE_AGENTS_TRAINING_RUN_STATE_H_
