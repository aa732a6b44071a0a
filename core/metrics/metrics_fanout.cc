#include "core/metrics/metrics_fanout.h"

#include "absl/strings/str_cat.h"
#include "core/base/log.h"
#include "core/base/status.h"

namespace reprise {

void MetricsFanout::Add(std::string name, OnFailure on_failure,
                        std::unique_ptr<MetricSink> sink) {
  targets_.push_back({std::move(name), on_failure, std::move(sink)});
}

template <typename Record>
absl::Status MetricsFanout::Report(
    absl::Status (MetricSink::*method)(const Record&), const Record& record) {
  absl::Status first_failure;
  for (Target& target : targets_) {
    const absl::Status status = (target.sink.get()->*method)(record);
    if (status.ok()) continue;
    if (target.on_failure == OnFailure::kStopRun) {
      first_failure.Update(Annotate(status, target.name));
    } else if (!target.warned) {
      target.warned = true;
      LogWarning(absl::StrCat(
          target.name, " misses results, the run goes on: ", status.message()));
    }
  }
  return first_failure;
}

absl::Status MetricsFanout::OnRunStart(const RunStart& run) {
  return Report(&MetricSink::OnRunStart, run);
}

absl::Status MetricsFanout::OnStep(const StepRecord& step) {
  return Report(&MetricSink::OnStep, step);
}

absl::Status MetricsFanout::OnTrainEpoch(const TrainEpochRecord& epoch) {
  return Report(&MetricSink::OnTrainEpoch, epoch);
}

absl::Status MetricsFanout::OnTest(const TestRecord& test) {
  return Report(&MetricSink::OnTest, test);
}

absl::Status MetricsFanout::OnTaskEnd(const TaskRecord& task) {
  return Report(&MetricSink::OnTaskEnd, task);
}

absl::Status MetricsFanout::OnRunEnd(const RunEnd& run) {
  return Report(&MetricSink::OnRunEnd, run);
}

}  // namespace reprise
