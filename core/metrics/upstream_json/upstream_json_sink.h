// The result files of the research code that this system reproduces, with its
// keys and shapes, so that its plotting scripts read our runs: args.json,
// dl_metrics.json, tasks_metrics.json and time_metrics.json.
//
// `*_prec*` and `*_error*` are percent; task_id and the epoch of dl_metrics
// count from 1. Where the meaning differs from upstream's:
//   - in test_task_metrics `epoch` counts within the task, 0 = before training,
//     e = after e epochs (upstream wrote 0 twice);
//   - train_loss is the weighted objective over incoming and representatives,
//     accuracies are over incoming samples;
//   - rates count true incoming samples: train_img_sec per rank,
//     train_total_img_sec over all ranks; those of time_metrics are samples of
//     the run / training seconds of the run (upstream: a mean of epoch rates);
//   - only the primary head is written; what it has no value for is null.
// With generated data every record also has "generated_data": true.
//
// Each file is replaced in one step after each epoch (dl_metrics) and each task
// (tasks_metrics), so a killed run leaves valid files. Not thread-safe.
#ifndef REPRISE_CORE_METRICS_UPSTREAM_JSON_UPSTREAM_JSON_SINK_H_
#define REPRISE_CORE_METRICS_UPSTREAM_JSON_UPSTREAM_JSON_SINK_H_

#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "core/metrics/metric_sink.h"

namespace reprise {

// One flag for args.json: `name` with hyphens or underscores, `value_json` its
// value as JSON text.
struct UpstreamArgument {
  std::string name, value_json;
};

// What upstream adds to the flags. It calls the world size `gpus`, on any
// device.
struct UpstreamRunFacts {
  bool cuda = false;
  bool generated_data = false;
  int world_size = 1;
};

// Writes `folder`/args.json: upstream's keys in upstream's order, then all
// other arguments in the given order. `evaluate`, `cuda` and `gpus` are
// derived; the settings of TensorWatch, which we do not have, are off.
// InternalError naming the keys of upstream that `arguments` lacks or the value
// that is not JSON; StorageError when the file cannot be written.
absl::Status WriteUpstreamArgs(const std::string& folder,
                               const std::vector<UpstreamArgument>& arguments,
                               const UpstreamRunFacts& facts);

// Writes the other three files into `folder`.
std::unique_ptr<MetricSink> MakeUpstreamJsonSink(const std::string& folder);

}  // namespace reprise

#endif  // REPRISE_CORE_METRICS_UPSTREAM_JSON_UPSTREAM_JSON_SINK_H_
