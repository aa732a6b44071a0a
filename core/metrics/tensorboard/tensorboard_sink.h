// A run as TensorBoard shows it: an event file that grows as the run goes.
//
// Scalars, over the optimizer steps of the run. Every number with a fraction
// that the schema has (core/metrics/record_fields.h), by kind of record:
//   step/FIELD         of a step record
//   train/FIELD        of an epoch; its phases are phase/PHASE_seconds
//   test/HEAD/FIELD/task_NN   of the test set of task NN
//   agent/NAME         a scalar of the method's own report, and task/FIELD
//   run/FIELD          of the end of the run; phases are
//   run/phase_PHASE_seconds
// and what follows from them: throughput/images_per_second of each epoch;
// continual/MEASURE, the measures of continual learning of the primary head
// over the tasks so far, and continual/HEAD/MEASURE of the others. Images at
// each task's end: accuracy_matrix/HEAD and confusion_matrix/HEAD. Text: the
// run, its settings with their origin, a warning where the data is generated.
// Hparams: facts and settings of the run, and its measures.
//
// What is unknown has no point; a number that is not finite is written as such.
// Event times are the records'. Each record is one event, written whole before
// the call returns: a reader sees it at once, and a run that dies leaves a file
// that is valid up to where it died.
#ifndef REPRISE_CORE_METRICS_TENSORBOARD_TENSORBOARD_SINK_H_
#define REPRISE_CORE_METRICS_TENSORBOARD_TENSORBOARD_SINK_H_

#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "core/metrics/metric_sink.h"
#include "core/metrics/run_json.h"

namespace reprise {

struct TensorboardOptions {
  std::string path;                        // of the event file
  std::vector<RunInfo::Setting> settings;  // as run.json has them
};

// "events.out.tfevents.SECONDS.HOST.PID": a name that TensorBoard takes for an
// event file, of this host, process and second.
std::string EventFileName();

// Creates the file, which need not be new. StorageError where it cannot, and
// from the sink where a record cannot be written, each; no part of it is left.
// Not thread-safe.
absl::StatusOr<std::unique_ptr<MetricSink>> MakeTensorboardSink(
    TensorboardOptions options);

}  // namespace reprise

#endif  // REPRISE_CORE_METRICS_TENSORBOARD_TENSORBOARD_SINK_H_
