// The one place that decides what a failing sink means: a failure of the
// truth (metrics.jsonl) stops the run, one of any other sink costs one warning
// and the run goes on; the sink is called again, so that it recovers when, say,
// the disk has room again. Not thread-safe.
#ifndef REPRISE_CORE_METRICS_METRICS_FANOUT_H_
#define REPRISE_CORE_METRICS_METRICS_FANOUT_H_

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "core/metrics/metric_sink.h"

namespace reprise {

class MetricsFanout final : public MetricSink {
 public:
  enum class OnFailure { kStopRun, kWarnOnce };

  // Sinks are called in the order in which they were added: the truth first.
  // `name` is for the warning.
  void Add(std::string name, OnFailure on_failure,
           std::unique_ptr<MetricSink> sink);

  // Every sink is called, whatever the others return; the first failure of a
  // kStopRun sink, annotated with its name.
  absl::Status OnRunStart(const RunStart& run) override;
  absl::Status OnStep(const StepRecord& step) override;
  absl::Status OnTrainEpoch(const TrainEpochRecord& epoch) override;
  absl::Status OnTest(const TestRecord& test) override;
  absl::Status OnTaskEnd(const TaskRecord& task) override;
  absl::Status OnRunEnd(const RunEnd& run) override;

 private:
  struct Target {
    std::string name;
    OnFailure on_failure;
    std::unique_ptr<MetricSink> sink;
    bool warned = false;
  };

  template <typename Record>
  absl::Status Report(absl::Status (MetricSink::*method)(const Record&),
                      const Record& record);

  std::vector<Target> targets_;
};

}  // namespace reprise

#endif  // REPRISE_CORE_METRICS_METRICS_FANOUT_H_
