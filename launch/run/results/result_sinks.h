// What rank 0 writes of a run while it goes: the sinks of the training loop's
// records, a row each, and the log.
#ifndef REPRISE_LAUNCH_RUN_RESULTS_RESULT_SINKS_H_
#define REPRISE_LAUNCH_RUN_RESULTS_RESULT_SINKS_H_

#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "core/base/file.h"
#include "core/metrics/influx/influx_sink.h"
#include "core/metrics/metric_sink.h"
#include "core/metrics/metrics_fanout.h"
#include "core/metrics/run_json.h"
#include "models/model.h"

namespace reprise {

// What sinks are made of. The model, and what `log_fd` is, outlive them.
struct SinkContext {
  std::string folder;      // of the results
  std::string experiment;  // for the weights' metadata
  int log_fd = -1;         // log.txt, open for appending
  bool generated_data = false;
  bool tensorboard = false;                // whether event files are wanted
  std::vector<RunInfo::Setting> settings;  // as run.json has them
  const Model* model = nullptr;
  InfluxOptions influx;  // with an empty url: none
};

struct SinkRow {
  const char* name;  // for the warning where it fails
  // Whether the run has it; nullptr: every run.
  bool (*is_wanted)(const SinkContext& context);
  MetricsFanout::OnFailure on_failure;
  absl::StatusOr<std::unique_ptr<MetricSink>> (*make)(
      const SinkContext& context);
};

// In the order in which they are told: the truth first, the weights before the
// terminal says where the results are, and what waits for a server last. A new
// sink is a new row.
const std::vector<SinkRow>& ResultSinkTable();

// Makes the sinks that the run has and adds them. The first error of one that
// cannot be made.
absl::Status AddResultSinks(const SinkContext& context, MetricsFanout* sinks);

// Sends the process's log to log.txt of the results folder too. A second
// descriptor of the file, for SinkContext::log_fd. StorageError.
absl::StatusOr<FileDescriptor> OpenLogFile(const std::string& folder, int rank,
                                           int world_size);

}  // namespace reprise

#endif  // REPRISE_LAUNCH_RUN_RESULTS_RESULT_SINKS_H_
