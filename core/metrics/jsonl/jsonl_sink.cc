#include "core/metrics/jsonl/jsonl_sink.h"

#include <optional>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "core/base/check.h"
#include "core/base/status.h"
#include "core/metrics/jsonl/jsonl_reader.h"
#include "nlohmann/json.hpp"

namespace reprise {
namespace {

using Json = nlohmann::ordered_json;

Json Nullable(const std::optional<double>& value) {
  return value.has_value() ? Json(*value) : Json(nullptr);
}

Json PhaseJson(const PhaseSeconds& seconds) {
  Json json = Json::object();
  for (int phase = 0; phase < kNumPhases; ++phase) {
    json[PhaseName(static_cast<Phase>(phase))] = seconds[phase];
  }
  return json;
}

Json Record(const char* kind) {
  return {{"schema", kJsonlSchema}, {"record", kind}};
}

absl::Status AppendLine(AppendFile* file, Json record, Json timing) {
  timing["unix_seconds"] = absl::ToUnixMillis(absl::Now()) / 1e3;
  record["timing"] = std::move(timing);
  // A number that is not finite is dumped as null. `replace`: a folder name
  // need not be UTF-8.
  return file->Append(absl::StrCat(
      record.dump(-1, ' ', false, Json::error_handler_t::replace), "\n"));
}

}  // namespace

absl::StatusOr<std::unique_ptr<JsonlSink>> JsonlSink::Open(
    const std::string& path, int64_t step_interval) {
  REPRISE_CHECK(step_interval >= 1) << "step_interval = " << step_interval;
  REPRISE_ASSIGN_OR_RETURN(AppendFile file, AppendFile::Open(path));
  REPRISE_ASSIGN_OR_RETURN(const JsonlContent content, ReadJsonl(path));
  if (content.cut_bytes > 0) {
    REPRISE_RETURN_IF_ERROR(file.Truncate(content.whole_bytes));
  }
  return std::unique_ptr<JsonlSink>(
      new JsonlSink(std::move(file), step_interval));
}

absl::Status JsonlSink::OnRunStart(const RunStart& run) {
  Json record = Record("run_start");
  record["experiment"] = run.experiment;
  record["agent"] = run.agent;
  record["model"] = run.model;
  record["dataset"] = run.dataset;
  record["generated_data"] = run.generated_data;
  record["world_size"] = run.world_size;
  record["num_tasks"] = run.num_tasks;
  record["epochs_per_task"] = run.epochs_per_task;
  record["seed"] = run.seed;
  return AppendLine(&file_, std::move(record), Json::object());
}

absl::Status JsonlSink::OnStep(const StepRecord& step) {
  if (step.step % step_interval_ != 0 && step.step + 1 != step.steps_in_epoch) {
    return absl::OkStatus();
  }
  Json record = Record("step");
  record["task"] = step.task;
  record["epoch"] = step.epoch;
  record["step"] = step.step;
  record["steps_in_epoch"] = step.steps_in_epoch;
  record["global_step"] = step.global_step;
  record["loss"] = step.loss;
  record["accuracy"] = step.accuracy;
  record["learning_rate"] = step.learning_rate;
  record["run_fraction"] = step.run_fraction;
  return AppendLine(&file_, std::move(record),
                    {{"images_per_second", step.images_per_second}});
}

absl::Status JsonlSink::OnTrainEpoch(const TrainEpochRecord& epoch) {
  Json record = Record("train_epoch");
  record["task"] = epoch.task;
  record["epoch"] = epoch.epoch;
  record["epoch_of_run"] = epoch.epoch_of_run;
  record["steps_of_run"] = epoch.steps_of_run;
  record["steps"] = epoch.steps;
  record["loss"] = epoch.loss;
  record["incoming_loss"] = epoch.incoming_loss;
  record["representative_loss"] = Nullable(epoch.representative_loss);
  record["top1"] = epoch.top1;
  record["top5"] = epoch.top5;
  record["incoming_samples"] = epoch.incoming_samples;
  record["representatives"] = epoch.representatives;
  record["representative_weight_share"] = epoch.representative_weight_share;
  record["learning_rate"] = epoch.learning_rate;
  record["world_size"] = epoch.world_size;
  return AppendLine(&file_, std::move(record),
                    {{"seconds", epoch.seconds},
                     {"phase_seconds", PhaseJson(epoch.phase_seconds)},
                     {"overlap_share", epoch.overlap_share}});
}

absl::Status JsonlSink::OnTest(const TestRecord& test) {
  Json record = Record("test");
  record["task"] = test.task;
  record["test_task"] = test.test_task;
  record["epoch"] = test.epoch;
  record["head"] = test.head;
  record["primary"] = test.primary;
  record["top1"] = Nullable(test.top1);
  record["top5"] = Nullable(test.top5);
  record["loss"] = Nullable(test.loss);
  record["correct"] = test.correct;
  record["samples"] = test.samples;
  record["steps"] = test.steps;
  return AppendLine(&file_, std::move(record), {{"seconds", test.seconds}});
}

absl::Status JsonlSink::OnTaskEnd(const TaskRecord& task) {
  Json record = Record("task_end");
  record["task"] = task.task;
  record["agent"] = {{"by_class", task.agent.by_class},
                     {"by_rank", task.agent.by_rank},
                     {"scalars", task.agent.scalars}};
  return AppendLine(&file_, std::move(record), {{"seconds", task.seconds}});
}

absl::Status JsonlSink::OnRunEnd(const RunEnd& run) {
  Json record = Record("run_end");
  record["incoming_samples"] = run.incoming_samples;
  record["world_size"] = run.world_size;
  return AppendLine(&file_, std::move(record),
                    {{"seconds", run.seconds},
                     {"training_seconds", run.training_seconds},
                     {"overlap_share", run.overlap_share},
                     {"phase_seconds", PhaseJson(run.phase_seconds)}});
}

}  // namespace reprise
