#include "core/metrics/metrics_fanout.h"

#include <algorithm>
#include <chrono>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "core/base/log.h"
#include "core/base/status.h"

namespace reprise {

void MetricsFanout::Add(std::string name, OnFailure on_failure,
                        std::unique_ptr<MetricSink> sink) {
  targets_.push_back({std::move(name), on_failure, std::move(sink)});
}

template <typename Record>
absl::Status MetricsFanout::Report(
    absl::Status (MetricSink::*method)(const Record&), Record record) {
  const auto begin = std::chrono::steady_clock::now();
  if (record.unix_microseconds == 0) {
    record.unix_microseconds =
        std::max(absl::ToUnixMicros(absl::Now()), last_stamp_ + 1);
  }
  last_stamp_ = std::max(last_stamp_, record.unix_microseconds);
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
  sink_seconds_ +=
      std::chrono::duration<double>(std::chrono::steady_clock::now() - begin)
          .count();
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
  RunEnd with_cost = run;
  with_cost.sink_seconds = sink_seconds_;
  return Report(&MetricSink::OnRunEnd, with_cost);
}

}  // namespace reprise
