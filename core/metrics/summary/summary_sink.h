// summary.json, what a run came to: its id, per head the accuracy matrix and
// every measure of core/metrics/accuracy/accuracy_matrix.h with its formula,
// the time by phase, the methods' own reports, and whether the data was
// generated. Accuracies are in [0, 1], times in seconds; what is unknown is
// null, never NaN.
#ifndef REPRISE_CORE_METRICS_SUMMARY_SUMMARY_SINK_H_
#define REPRISE_CORE_METRICS_SUMMARY_SUMMARY_SINK_H_

#include <memory>
#include <string>

#include "core/metrics/metric_sink.h"

namespace reprise {

// Writes `folder`/summary.json when the run ends. Not thread-safe.
std::unique_ptr<MetricSink> MakeSummarySink(const std::string& folder);

}  // namespace reprise

#endif  // REPRISE_CORE_METRICS_SUMMARY_SUMMARY_SINK_H_
