#include "agents/training/run_state.h"

#include "absl/strings/str_cat.h"
#include "core/base/dtype.h"
#include "core/base/status.h"
#include "core/tensor/tensor_state.h"

namespace reprise {
namespace {

template <typename Array>
void PutDoubles(const StateWriter& state, absl::string_view name,
                const Array& values) {
  state.PutArray(name, DType::kFloat64, {static_cast<int64_t>(values.size())},
                 values.data());
}

template <typename Array>
absl::Status GetDoubles(const StateReader& state, absl::string_view name,
                        Array* values) {
  return state.GetArray(name, DType::kFloat64,
                        {static_cast<int64_t>(values->size())}, values->data());
}

void PutSeconds(const StateWriter& state, absl::string_view name,
                const ElapsedTime& time) {
  state.Put(name, time.Seconds());
}

absl::Status GetSeconds(const StateReader& state, absl::string_view name,
                        ElapsedTime* time) {
  double seconds = 0;
  REPRISE_RETURN_IF_ERROR(state.Get(name, &seconds));
  *time = ElapsedTime(seconds);
  return absl::OkStatus();
}

void PutTimes(const StateWriter& state, const ReductionTimes& times) {
  state.Put("overlapped_seconds", times.overlapped_seconds);
  state.Put("busy_seconds", times.busy_seconds);
}

absl::Status GetTimes(const StateReader& state, ReductionTimes* times) {
  REPRISE_RETURN_IF_ERROR(
      state.Get("overlapped_seconds", &times->overlapped_seconds));
  return state.Get("busy_seconds", &times->busy_seconds);
}

}  // namespace

void RunState::StartClocks() {
  for (ElapsedTime* time : {&epoch_time, &task_time, &run_time}) time->Start();
}

void RunState::StopClocks() {
  for (ElapsedTime* time : {&epoch_time, &task_time, &run_time}) time->Stop();
}

PhaseSeconds RunState::PhaseSecondsNow(PhaseTimer& timer) const {
  PhaseSeconds seconds = timer.Seconds();
  for (size_t i = 0; i < seconds.size(); ++i) seconds[i] += phase_seconds[i];
  return seconds;
}

void RunState::Save(const StateWriter& state, PhaseTimer& timer) const {
  state.Put("stage", static_cast<int64_t>(stage));
  state.Put("task", task);
  state.Put("epoch", epoch);
  state.Put("step", step);
  state.Put("step_of_task", step_of_task);
  state.Put("steps_of_run", steps_of_run);
  state.Put("rows", rows);
  meter.SaveState(state.Scope("meter"));
  PutTimes(state.Scope("reduction"), reduction);
  PutSeconds(state, "epoch_seconds", epoch_time);
  PutDoubles(state, "phase_seconds", PhaseSecondsNow(timer));
  PutDoubles(state, "phase_seconds_before_epoch", phase_seconds_before_epoch);
  PutSeconds(state, "task_seconds", task_time);
  PutSeconds(state, "run_seconds", run_time);
  PutTimes(state.Scope("run_reduction"), run_reduction);
  state.Put("incoming_samples", incoming_samples);
  state.Put("training_seconds", training_seconds);
  state.Put("merged_batches", merged_batches);
  if (initial_parameters.defined()) {
    PutTensor(state, "initial_parameters", initial_parameters);
  }
  state.Put("best_loss", best_loss);
  if (best != nullptr) best->SaveState(state.Scope("best"));
}

absl::Status RunState::Load(const StateReader& state, const Model& network) {
  int64_t number = 0;
  REPRISE_RETURN_IF_ERROR(state.Get("stage", &number));
  if (number < 0 || number > static_cast<int64_t>(Stage::kDone)) {
    return state.Error(absl::StrCat("stage: expected 0 to ",
                                    static_cast<int64_t>(Stage::kDone),
                                    ", found ", number));
  }
  stage = static_cast<Stage>(number);
  REPRISE_RETURN_IF_ERROR(state.Get("task", &task));
  REPRISE_RETURN_IF_ERROR(state.Get("epoch", &epoch));
  REPRISE_RETURN_IF_ERROR(state.Get("step", &step));
  REPRISE_RETURN_IF_ERROR(state.Get("step_of_task", &step_of_task));
  REPRISE_RETURN_IF_ERROR(state.Get("steps_of_run", &steps_of_run));
  REPRISE_RETURN_IF_ERROR(state.Get("rows", &rows));
  REPRISE_RETURN_IF_ERROR(meter.LoadState(state.Scope("meter")));
  REPRISE_RETURN_IF_ERROR(GetTimes(state.Scope("reduction"), &reduction));
  REPRISE_RETURN_IF_ERROR(GetSeconds(state, "epoch_seconds", &epoch_time));
  REPRISE_RETURN_IF_ERROR(GetDoubles(state, "phase_seconds", &phase_seconds));
  REPRISE_RETURN_IF_ERROR(GetDoubles(state, "phase_seconds_before_epoch",
                                     &phase_seconds_before_epoch));
  REPRISE_RETURN_IF_ERROR(GetSeconds(state, "task_seconds", &task_time));
  REPRISE_RETURN_IF_ERROR(GetSeconds(state, "run_seconds", &run_time));
  REPRISE_RETURN_IF_ERROR(
      GetTimes(state.Scope("run_reduction"), &run_reduction));
  REPRISE_RETURN_IF_ERROR(state.Get("incoming_samples", &incoming_samples));
  REPRISE_RETURN_IF_ERROR(state.Get("training_seconds", &training_seconds));
  REPRISE_RETURN_IF_ERROR(state.Get("merged_batches", &merged_batches));
  if (initial_parameters.defined()) {
    REPRISE_RETURN_IF_ERROR(
        GetTensor(state, "initial_parameters", initial_parameters));
  }
  REPRISE_RETURN_IF_ERROR(state.Get("best_loss", &best_loss));
  best = nullptr;
  if (!state.Has("best")) return absl::OkStatus();
  best = network.Clone();
  return best->LoadState(state.Scope("best"));
}

}  // namespace reprise
