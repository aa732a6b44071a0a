#include "core/metrics/tensorboard/tensorboard_sink.h"

#include <unistd.h>

#include <algorithm>
#include <cstdint>
#include <functional>
#include <optional>
#include <set>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/string_view.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "core/base/file.h"
#include "core/base/host_name.h"
#include "core/base/status.h"
#include "core/metrics/accuracy/accuracy_matrix.h"
#include "core/metrics/confusion/confusion_matrix.h"
#include "core/metrics/meters.h"
#include "core/metrics/picture/matrix_picture.h"
#include "core/metrics/record_fields.h"
#include "core/metrics/tensorboard/event_messages.h"
#include "core/metrics/tensorboard/run_text.h"
#include "core/metrics/tensorboard/tf_record.h"

namespace reprise {
namespace {

constexpr char kThroughputTag[] = "throughput/images_per_second";
constexpr char kThroughputMeaning[] =
    "incoming samples a second, of all ranks, training only";

std::string MeasureTag(const HeadMatrices::Head& head,
                       absl::string_view measure) {
  return absl::StrCat("continual/", head.primary ? "" : head.name + "/",
                      measure);
}

// What the hparams page lists of each run.
std::vector<HparamMetric> RunMetrics() {
  std::vector<HparamMetric> metrics;
  for (const AccuracyMatrix::Measure& measure : AccuracyMatrix(1).Measures()) {
    metrics.push_back({absl::StrCat("continual/", measure.name), measure.name,
                       measure.formula});
  }
  metrics.push_back(
      {"run/images_per_second", "images_per_second", kThroughputMeaning});
  metrics.push_back({"run/seconds", "seconds", "training and evaluation"});
  return metrics;
}

// Visits the fields that are numbers with a fraction and are known. Integers
// are where the run is and how much there was of it; phases and reports have
// names of their own.
struct FractionVisitor {
  void operator()(const RecordField& field, double value) const {
    visit(field, value);
  }
  void operator()(const RecordField& field,
                  const std::optional<double>& value) const {
    if (value.has_value()) visit(field, *value);
  }
  template <typename Other>
  void operator()(const RecordField&, const Other&) const {}

  std::function<void(const RecordField& field, double value)> visit;
};

class TensorboardSink final : public MetricSink {
 public:
  TensorboardSink(AppendFile file, std::vector<RunInfo::Setting> settings)
      : file_(std::move(file)), settings_(std::move(settings)) {}

  absl::Status OnRunStart(const RunStart& run) override {
    heads_ = HeadMatrices(run.num_tasks);
    confusions_ = HeadConfusions();
    num_tasks_ = run.num_tasks;
    step_ = 0;
    SummaryMessage summary;
    summary.AddText("run", MarkdownOf(run));
    summary.AddText("configuration", MarkdownOf(settings_));
    if (run.generated_data) {
      summary.AddText("warning",
                      "**Generated data**: a stand-in, not the real data set. "
                      "Accuracies say nothing about the method.");
    }
    const std::vector<Hparam> hparams = HparamsOf(run, settings_);
    const double seconds = SecondsOf(run);
    summary.AddHparams(kExperimentTag,
                       ExperimentContent(seconds, hparams, RunMetrics()));
    summary.AddHparams(kSessionStartTag, SessionStartContent(seconds, hparams));
    return Append(run, summary);
  }

  absl::Status OnStep(const StepRecord& step) override {
    step_ = step.global_step;
    SummaryMessage summary;
    AddFields(step, "step/", "", summary);
    return Append(step, summary);
  }

  absl::Status OnTrainEpoch(const TrainEpochRecord& epoch) override {
    step_ = epoch.steps_of_run;
    SummaryMessage summary;
    AddFields(epoch, "train/", "", summary);
    ForEachPhase(epoch.phase_seconds, [&](const char* phase, double seconds) {
      AddScalar(absl::StrCat("phase/", phase, "_seconds"), seconds,
                "of an epoch, of rank 0", summary);
    });
    AddThroughput(kThroughputTag, epoch.incoming_samples, epoch.seconds,
                  summary);
    return Append(epoch, summary);
  }

  absl::Status OnTest(const TestRecord& test) override {
    heads_.Add(test);
    confusions_.Add(test);
    SummaryMessage summary;
    AddFields(test, absl::StrCat("test/", test.head, "/"),
              absl::StrCat("/", TaskName(test.test_task)), summary);
    return Append(test, summary);
  }

  absl::Status OnTaskEnd(const TaskRecord& task) override {
    SummaryMessage summary;
    AddFields(task, "task/", "", summary);
    for (const auto& [name, value] : task.agent.scalars) {
      AddScalar(absl::StrCat("agent/", name), value, "the method's own",
                summary);
    }
    for (const HeadMatrices::Head& head : heads_.heads()) {
      AddMatrix(head, task.task + 1, summary);
    }
    for (const HeadConfusions::Head& head : confusions_.OfTask(task.task)) {
      summary.AddImage(absl::StrCat("confusion_matrix/", head.name),
                       DrawConfusionMatrix(head.matrix));
    }
    return Append(task, summary);
  }

  absl::Status OnRunEnd(const RunEnd& end) override {
    SummaryMessage summary;
    AddFields(end, "run/", "", summary);
    ForEachPhase(end.phase_seconds, [&](const char* phase, double seconds) {
      AddScalar(absl::StrCat("run/phase_", phase, "_seconds"), seconds,
                "of the run, of rank 0", summary);
    });
    AddThroughput("run/images_per_second", end.incoming_samples,
                  end.training_seconds, summary);
    summary.AddHparams(kSessionEndTag, SessionEndContent(SecondsOf(end)));
    return Append(end, summary);
  }

 private:
  template <typename Record>
  static double SecondsOf(const Record& record) {
    return static_cast<double>(record.unix_microseconds) / 1e6;
  }

  // "task_07": in the order of the numbers also where a page sorts by name.
  std::string TaskName(int64_t task) const {
    const size_t digits =
        std::max<size_t>(2, absl::StrCat(num_tasks_ - 1).size());
    return absl::StrFormat("task_%0*d", static_cast<int>(digits), task);
  }

  void AddScalar(const std::string& tag, double value,
                 absl::string_view meaning, SummaryMessage& summary) {
    summary.AddScalar(tag, value, described_.insert(tag).second ? meaning : "");
  }

  void AddThroughput(const std::string& tag, int64_t samples, double seconds,
                     SummaryMessage& summary) {
    ThroughputMeter throughput;
    throughput.Add(samples, seconds);
    const std::optional<double> rate = throughput.ImagesPerSecond();
    if (rate.has_value()) AddScalar(tag, *rate, kThroughputMeaning, summary);
  }

  // Every number with a fraction that the schema has of the record.
  template <typename Record>
  void AddFields(const Record& record, const std::string& prefix,
                 const std::string& suffix, SummaryMessage& summary) {
    ForEachField(record,
                 FractionVisitor{[&](const RecordField& field, double value) {
                   AddScalar(absl::StrCat(prefix, field.name, suffix), value,
                             field.meaning, summary);
                 }});
  }

  // Measures and figure of a head after `tasks` tasks.
  void AddMatrix(const HeadMatrices::Head& head, int64_t tasks,
                 SummaryMessage& summary) {
    for (const AccuracyMatrix::Measure& measure :
         head.matrix.First(tasks).Measures()) {
      if (!measure.value.has_value()) continue;
      AddScalar(MeasureTag(head, measure.name), *measure.value,
                absl::StrCat(measure.formula, ", of the tasks so far"),
                summary);
    }
    summary.AddImage(absl::StrCat("accuracy_matrix/", head.name),
                     DrawAccuracyMatrix(head.matrix, tasks));
  }

  template <typename Record>
  absl::Status Append(const Record& record, const SummaryMessage& summary) {
    if (summary.empty()) return absl::OkStatus();
    const double seconds = SecondsOf(record);
    std::string bytes;
    if (!has_version_) bytes = TfRecord(VersionEvent(seconds));
    absl::StrAppend(&bytes, TfRecord(SummaryEvent(seconds, step_, summary)));
    REPRISE_RETURN_IF_ERROR(file_.Append(bytes));
    has_version_ = true;
    return absl::OkStatus();
  }

  AppendFile file_;
  const std::vector<RunInfo::Setting> settings_;
  bool has_version_ = false;         // the file's first event
  std::set<std::string> described_;  // tags that have had a meaning
  HeadMatrices heads_{1};
  HeadConfusions confusions_;
  int64_t num_tasks_ = 1;
  int64_t step_ = 0;  // optimizer steps of the run so far
};

}  // namespace

std::string EventFileName() {
  return absl::StrCat("events.out.tfevents.", absl::ToUnixSeconds(absl::Now()),
                      ".", HostName(), ".", getpid());
}

absl::StatusOr<std::unique_ptr<MetricSink>> MakeTensorboardSink(
    TensorboardOptions options) {
  REPRISE_ASSIGN_OR_RETURN(AppendFile file, AppendFile::Open(options.path));
  return std::make_unique<TensorboardSink>(std::move(file),
                                           std::move(options.settings));
}

}  // namespace reprise
