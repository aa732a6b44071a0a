// Hands each record to several sinks, and is the one place that decides what a
// failing sink means. That is chosen as it is added: kStopRun for what a run is
// worthless without (metrics.jsonl, the truth, and the weights), kWarnOnce for
// the rest, whose first failure is told in one warning and does not end the
// run. After a failure a sink is called as before, so that it recovers when,
// say, the disk has room again; neither that nor a later failure is told.
//
// Each record is stamped first (metric_sink.h): by the wall clock, and later by
// at least a microsecond than the one before, whatever the clock does. One that
// has a stamp keeps it.
//
// Sinks are called one after the other in the thread that reports: a slow one
// holds up training. Not thread-safe.
#ifndef REPRISE_CORE_METRICS_METRICS_FANOUT_H_
#define REPRISE_CORE_METRICS_METRICS_FANOUT_H_

#include <cstdint>
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
  // `name` is for the warning and the error.
  void Add(std::string name, OnFailure on_failure,
           std::unique_ptr<MetricSink> sink);

  // Every sink is called, whatever the others return. The first failure of a
  // kStopRun sink, annotated with its name; each time that it fails.
  absl::Status OnRunStart(const RunStart& run) override;
  absl::Status OnStep(const StepRecord& step) override;
  absl::Status OnTrainEpoch(const TrainEpochRecord& epoch) override;
  absl::Status OnTest(const TestRecord& test) override;
  absl::Status OnTaskEnd(const TaskRecord& task) override;
  absl::Status OnRunEnd(const RunEnd& run) override;

  // Wall clock that the calls so far took; RunEnd's `sink_seconds` is it.
  double sink_seconds() const { return sink_seconds_; }

 private:
  struct Target {
    std::string name;
    OnFailure on_failure;
    std::unique_ptr<MetricSink> sink;
    bool warned = false;
  };

  template <typename Record>
  absl::Status Report(absl::Status (MetricSink::*method)(const Record&),
                      Record record);

  std::vector<Target> targets_;
  int64_t last_stamp_ = 0;
  double sink_seconds_ = 0;
};

}  // namespace reprise

#endif  // REPRISE_CORE_METRICS_METRICS_FANOUT_H_
