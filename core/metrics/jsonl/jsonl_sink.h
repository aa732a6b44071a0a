// metrics.jsonl, the truth of a run: one JSON object a line, written as it
// happens, from which every other result can be made again.
//
// Each line has `schema` (1) and `record` (run_start, step, train_epoch, test,
// task_end, run_end), then the fields of metric_sink.h under their own names,
// and last `timing`, which alone holds what depends on the clock: two runs of
// one seed are equal, line by line, without it. What is unknown or not a
// finite number is null. Not thread-safe.
#ifndef REPRISE_CORE_METRICS_JSONL_JSONL_SINK_H_
#define REPRISE_CORE_METRICS_JSONL_JSONL_SINK_H_

#include <cstdint>
#include <memory>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "core/base/file.h"
#include "core/metrics/metric_sink.h"

namespace reprise {

class JsonlSink final : public MetricSink {
 public:
  // Appends to `path`; a record that a crash cut in mid-line is removed first.
  // Of the steps of an epoch every `step_interval`-th (>= 1) and the last one
  // are written. StorageError when the file cannot be opened, DataError when
  // it is not a metrics file.
  static absl::StatusOr<std::unique_ptr<JsonlSink>> Open(
      const std::string& path, int64_t step_interval);

  // StorageError when a line cannot be written, each.
  absl::Status OnRunStart(const RunStart& run) override;
  absl::Status OnStep(const StepRecord& step) override;
  absl::Status OnTrainEpoch(const TrainEpochRecord& epoch) override;
  absl::Status OnTest(const TestRecord& test) override;
  absl::Status OnTaskEnd(const TaskRecord& task) override;
  absl::Status OnRunEnd(const RunEnd& run) override;

 private:
  JsonlSink(AppendFile file, int64_t step_interval)
      : file_(std::move(file)), step_interval_(step_interval) {}

  AppendFile file_;
  int64_t step_interval_;
};

}  // namespace reprise

#endif  // REPRISE_CORE_METRICS_JSONL_JSONL_SINK_H_
