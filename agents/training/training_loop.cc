#include "agents/training/training_loop.h"

#include <algorithm>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "agents/training/evaluation_loop.h"
#include "agents/training/feature_extraction.h"
#include "agents/training/phase_clock.h"
#include "agents/training/seen_tasks.h"
#include "core/base/run_position.h"
#include "core/base/status.h"
#include "core/comm/agreement.h"
#include "core/tensor/torch_status.h"

namespace reprise {

TrainingLoop::TrainingLoop(const TrainingParts& parts)
    : parts_(parts),
      options_(parts.options),
      input_(parts.data.train->format),
      timer_(MakePhaseClock(parts.model.parameters().device())) {}

absl::StatusOr<std::unique_ptr<TrainingLoop>> TrainingLoop::Create(
    const TrainingParts& parts) {
  std::unique_ptr<TrainingLoop> loop(new TrainingLoop(parts));
  REPRISE_RETURN_IF_ERROR(loop->AbortUnlessAgreed(
      CatchTorch("training", [&] { return loop->Prepare(); })));
  return loop;
}

absl::Status TrainingLoop::AbortUnlessAgreed(const absl::Status& status) {
  if (!status.ok() && !IsAgreed(status)) {
    parts_.communicator.Abort(status);
    if (options_.device_communicator != nullptr) {
      options_.device_communicator->Abort(status);
    }
  }
  return status;
}

absl::Status TrainingLoop::Prepare() {
  if (options_.parts_per_step > 1 && !parts_.agent.loss_splits()) {
    return MarkAgreed(UsageError(absl::StrCat(
        "agent ", parts_.agent.name(),
        " averages over a whole batch: a step cannot be split in parts")));
  }
  REPRISE_RETURN_IF_ERROR(BroadcastParameters());
  if (options_.reset_at_each_task) {
    state_.initial_parameters = parts_.model.parameters().master().clone();
  }
  REPRISE_ASSIGN_OR_RETURN(step_, GradientStep::Create(parts_, input_, timer_));
  // Of tasks' own samples, without those that an agent adds.
  int64_t steps_of_run = 0;
  for (const TaskSpec& task : parts_.tasks) {
    steps_of_run +=
        options_.epochs *
        StepsPerEpoch(options_, parts_.communicator, task.train_indices.size());
  }
  epoch_ = std::make_unique<TrainingEpoch>(parts_, *step_, timer_, state_,
                                           steps_of_run);
  timer_.observer = options_.on_phase;
  if (parts_.tasks.empty()) state_.stage = Stage::kRunEnd;
  return absl::OkStatus();
}

absl::Status TrainingLoop::BroadcastParameters() {
  ParameterStore& parameters = parts_.model.parameters();
  at::Tensor host = parameters.master().to(at::kCPU).contiguous();
  REPRISE_RETURN_IF_ERROR(
      parts_.communicator.Broadcast(host.data_ptr(), host.nbytes(), /*root=*/0)
          ->Wait());
  parameters.master().copy_(host);
  parameters.RefreshLeaves();
  return absl::OkStatus();
}

absl::Status TrainingLoop::Run(const Pause& pause) {
  state_.StartClocks();
  const absl::Status status = CatchTorch("training", [&] {
    absl::Status done;
    for (bool goes_on = true; goes_on && state_.stage != Stage::kDone;) {
      const Stage stage = state_.stage;
      const std::string task = absl::StrCat("task ", state_.task + 1);
      const std::string epoch = absl::StrCat("epoch ", state_.epoch + 1);
      goes_on = pause == nullptr || !pause(state_);
      // What a rank has kept would be lost where the others leave.
      done = goes_on ? RunStage() : epoch_->Settle();
      if (stage == Stage::kEpoch) done = Annotate(done, epoch);
      if (stage != Stage::kRunEnd) done = Annotate(done, task);
      if (!done.ok()) break;
    }
    return done;
  });
  state_.StopClocks();
  return AbortUnlessAgreed(status);
}

absl::Status TrainingLoop::RunStage() {
  switch (state_.stage) {
    case Stage::kTaskStart:
      return StartTask();
    case Stage::kEvaluation:
      return EvaluateSeen();
    case Stage::kEpoch:
      return TrainEpoch();
    case Stage::kTaskEnd:
      return EndTask();
    case Stage::kTaskReport:
      return ReportTask();
    case Stage::kRunEnd:
      return ReportRun();
    case Stage::kDone:
      break;
  }
  return absl::OkStatus();
}

TaskContext TrainingLoop::ContextOf(int64_t task) {
  return TaskContext{task, parts_.tasks[task], *parts_.data.train,
                     [this](const std::vector<int64_t>& rows) {
                       return ExtractFeatures(parts_.model, input_,
                                              *parts_.data.train, rows,
                                              parts_.communicator);
                     },
                     [this] { return parts_.model.Clone(); }};
}

// Collective, after a hook that may be collective. A rank that failed before it
// came to TaskContext::features has agreed with the others there, where they
// learnt of it; they must not ask again.
absl::Status TrainingLoop::AgreeOnHook(const absl::Status& local) {
  if (IsAgreed(local)) return local;
  return AgreeOnStatus(parts_.communicator, local);
}

absl::Status TrainingLoop::StartTask() {
  state_.task_time.Restart();
  const absl::StatusOr<TaskPlan> plan =
      parts_.agent.OnTaskStart(ContextOf(state_.task));
  REPRISE_RETURN_IF_ERROR(AgreeOnHook(plan.status()));
  ParameterStore& parameters = parts_.model.parameters();
  RunningStatistics& statistics = parts_.model.running_statistics();
  if (options_.reset_at_each_task) {
    parameters.master().copy_(state_.initial_parameters);
    parameters.RefreshLeaves();
    statistics.Reset();
    state_.merged_batches = 0;
  } else if (state_.best != nullptr) {
    parameters.CopyFrom(state_.best->parameters());
    statistics.CopyFrom(state_.best->running_statistics());
    state_.merged_batches = statistics.batches_tracked();
  }
  state_.best = nullptr;
  step_->optimizer().Reset();
  state_.step_of_task = 0;
  SetRunStep(state_.task + 1, /*epoch=*/0, /*step=*/0);
  state_.rows = parts_.tasks[state_.task].train_indices;
  state_.rows.insert(state_.rows.end(), plan->extra_training_indices.begin(),
                     plan->extra_training_indices.end());
  state_.epoch = state_.step = 0;
  state_.stage = Stage::kEvaluation;
  return absl::OkStatus();
}

absl::Status TrainingLoop::EvaluateSeen() {
  if (options_.evaluate) {
    timer_.Enter(Phase::kEvaluation);
    const absl::StatusOr<std::vector<Classifier>> classifiers =
        parts_.agent.Classifiers(ContextOf(state_.task));
    REPRISE_RETURN_IF_ERROR(AgreeOnHook(classifiers.status()));
    const SeenTasks seen = {*parts_.data.test, parts_.tasks, state_.task,
                            state_.epoch};
    REPRISE_ASSIGN_OR_RETURN(
        const double loss,
        EvaluateSeenTasks(seen, *classifiers,
                          {options_.eval_batch_size,
                           /*confusion=*/state_.epoch == options_.epochs},
                          input_, parts_.model, parts_.communicator,
                          parts_.sink));
    if (options_.select_on_test_loss && state_.epoch > 0 &&
        (state_.best == nullptr || loss < state_.best_loss)) {
      state_.best = parts_.model.Clone();
      state_.best_loss = loss;
    }
    timer_.Enter(Phase::kOther);
  }
  state_.stage =
      state_.epoch == options_.epochs ? Stage::kTaskReport : Stage::kEpoch;
  return absl::OkStatus();
}

absl::Status TrainingLoop::TrainEpoch() {
  REPRISE_ASSIGN_OR_RETURN(const bool is_over, epoch_->Next());
  if (!is_over) return absl::OkStatus();
  state_.stage =
      state_.epoch == options_.epochs ? Stage::kTaskEnd : Stage::kEvaluation;
  return absl::OkStatus();
}

absl::Status TrainingLoop::EndTask() {
  REPRISE_RETURN_IF_ERROR(
      AgreeOnHook(parts_.agent.OnTaskEnd(ContextOf(state_.task))));
  state_.stage = Stage::kEvaluation;
  return absl::OkStatus();
}

absl::Status TrainingLoop::ReportTask() {
  TaskRecord record;
  record.task = state_.task;
  record.seconds = state_.task_time.Seconds();
  record.agent = parts_.agent.Report();
  REPRISE_RETURN_IF_ERROR(
      AgreeOnStatus(parts_.communicator, parts_.sink.OnTaskEnd(record)));
  ++state_.task;
  state_.epoch = 0;
  const int64_t tasks = static_cast<int64_t>(parts_.tasks.size());
  state_.stage = state_.task < tasks ? Stage::kTaskStart : Stage::kRunEnd;
  return absl::OkStatus();
}

absl::Status TrainingLoop::ReportRun() {
  RunEnd end;
  end.seconds = state_.run_time.Seconds();
  end.phase_seconds = state_.PhaseSecondsNow(timer_);
  end.incoming_samples = state_.incoming_samples;
  end.training_seconds = state_.training_seconds;
  end.overlap_share = state_.run_reduction.OverlapShare();
  end.world_size = parts_.communicator.world_size();
  REPRISE_RETURN_IF_ERROR(
      AgreeOnStatus(parts_.communicator, parts_.sink.OnRunEnd(end)));
  state_.stage = Stage::kDone;
  return absl::OkStatus();
}

absl::Status TrainingLoop::SaveState(const StateWriter& state) {
  return AgreeOrAbort(CatchTorch("saving the state", [&] {
    state_.Save(state.Scope("run"), timer_);
    parts_.model.SaveState(state.Scope("model"));
    step_->optimizer().SaveState(state.Scope("optimizer"));
    return parts_.agent.SaveState(state.Scope("agent"));
  }));
}

absl::Status TrainingLoop::AgreeOrAbort(const absl::Status& local) {
  return AbortUnlessAgreed(AgreeOnHook(local));
}

absl::Status TrainingLoop::LoadState(const StateReader& state) {
  return AgreeOrAbort(CatchTorch("loading a state", [&] {
    const StateReader run = state.Scope("run");
    REPRISE_RETURN_IF_ERROR(state_.Load(run, parts_.model));
    REPRISE_RETURN_IF_ERROR(CheckPlace(run));
    REPRISE_RETURN_IF_ERROR(parts_.model.LoadState(state.Scope("model")));
    REPRISE_RETURN_IF_ERROR(
        step_->optimizer().LoadState(state.Scope("optimizer")));
    if (parts_.tasks.empty()) return absl::OkStatus();
    const int64_t last = static_cast<int64_t>(parts_.tasks.size()) - 1;
    const int64_t task = std::min(state_.task, last);
    REPRISE_RETURN_IF_ERROR(
        parts_.agent.LoadState(state.Scope("agent"), ContextOf(task)));
    const bool in_epoch = state_.stage == Stage::kEpoch;
    SetRunStep(task + 1, state_.epoch + (in_epoch ? 1 : 0), /*step=*/0);
    return absl::OkStatus();
  }));
}

// Whether the loaded place is one of this run.
absl::Status TrainingLoop::CheckPlace(const StateReader& state) const {
  const int64_t tasks = static_cast<int64_t>(parts_.tasks.size());
  const bool is_after_tasks =
      state_.stage == Stage::kRunEnd || state_.stage == Stage::kDone;
  const int64_t steps =
      StepsPerEpoch(options_, parts_.communicator, state_.rows.size());
  const bool in_epoch = state_.stage == Stage::kEpoch;
  if (state_.task < 0 || state_.task >= tasks + (is_after_tasks ? 1 : 0) ||
      state_.epoch < 0 || state_.epoch > options_.epochs - (in_epoch ? 1 : 0) ||
      state_.step < 0 || state_.step > (in_epoch ? steps : 0) ||
      state_.step_of_task < 0 || state_.steps_of_run < state_.step_of_task) {
    return state.Error(absl::StrCat(
        "task, epoch, step: expected a place in ", tasks, " tasks of ",
        options_.epochs, " epochs of ", steps, " steps, found task ",
        state_.task + 1, ", epoch ", state_.epoch + 1, ", step ",
        state_.step + 1, " (", state_.step_of_task, " of the task, ",
        state_.steps_of_run, " of the run)"));
  }
  return state.CheckBelow("rows", state_.rows, parts_.data.train->size());
}

absl::Status Train(const TrainingOptions& options, const DatasetPair& data,
                   const std::vector<TaskSpec>& tasks, Model& model,
                   Agent& agent, Communicator& communicator, MetricSink& sink) {
  REPRISE_ASSIGN_OR_RETURN(const std::unique_ptr<TrainingLoop> loop,
                           TrainingLoop::Create({options, data, tasks, model,
                                                 agent, communicator, sink}));
  return loop->Run();
}

}  // namespace reprise
