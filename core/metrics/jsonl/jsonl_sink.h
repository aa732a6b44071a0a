// metrics.jsonl, the truth of a run: one JSON object a line, written as it
// happens, from which every other result can be made again.
//
// Each line has `schema` (1), `record` (run_start, step, train_epoch, test,
// task_end, run_end) and `run`, then the fields of
// core/metrics/record_fields.h, and last `timing`, which holds what depends on
// the clock, and the clock: two runs of one seed are equal, line by line,
// without `run` and `timing`. What is unknown or not a finite number is null.
// Not thread-safe.
#ifndef REPRISE_CORE_METRICS_JSONL_JSONL_SINK_H_
#define REPRISE_CORE_METRICS_JSONL_JSONL_SINK_H_

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
  // StorageError when the file cannot be opened, DataError when it is not a
  // metrics file.
  static absl::StatusOr<std::unique_ptr<JsonlSink>> Open(
      const std::string& path);

  // StorageError when a line cannot be written, each; no part of it is left.
  absl::Status OnRunStart(const RunStart& run) override;
  absl::Status OnStep(const StepRecord& step) override;
  absl::Status OnTrainEpoch(const TrainEpochRecord& epoch) override;
  absl::Status OnTest(const TestRecord& test) override;
  absl::Status OnTaskEnd(const TaskRecord& task) override;
  absl::Status OnRunEnd(const RunEnd& run) override;

 private:
  explicit JsonlSink(AppendFile file) : file_(std::move(file)) {}

  template <typename Record>
  absl::Status Append(const Record& record);

  AppendFile file_;
  std::string run_id_;  // empty before OnRunStart
};

}  // namespace reprise

#endif  // REPRISE_CORE_METRICS_JSONL_JSONL_SINK_H_
