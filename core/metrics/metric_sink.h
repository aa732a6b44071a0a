// What the training loop reports, and the interface of what receives it:
// files (jsonl, summary, upstream_json, tensorboard), the terminal (progress),
// later InfluxDB. Every rank reports to the sinks that it has; those of results
// are rank 0's. The values are those of all ranks, except in a StepRecord, for
// which nothing is exchanged, and where a field says so.
//
// Name, unit and meaning of each field stand in record_fields.h. Accuracies
// are in [0, 1]; times are seconds of wall clock. Tasks count from 0 here
// (upstream's files count from 1 and are written so by their sink).
#ifndef REPRISE_CORE_METRICS_METRIC_SINK_H_
#define REPRISE_CORE_METRICS_METRIC_SINK_H_

#include <array>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "core/base/phase.h"

namespace reprise {

// Where the time of a run goes, as seen by the training thread of a rank.
using PhaseSeconds = std::array<double, kNumPhases>;

// What every record has.
struct Record {
  // When it was reported: wall clock in microseconds since 1970-01-01 00:00
  // UTC. MetricsFanout stamps each record once, before the first sink sees it,
  // so that all sinks carry the same time, and no two records of a run the
  // same one. 0: not stamped yet.
  int64_t unix_microseconds = 0;
};

struct RunStart : Record {
  std::string run_id;  // MakeRunId's, of rank 0; elsewhere empty
  std::string experiment;
  std::string agent, model, dataset;
  std::string results_folder;
  bool generated_data = false;
  int world_size = 1;
  int64_t num_tasks = 1;
  int64_t epochs_per_task = 1;
  uint64_t seed = 0;
};

// After a step, every --log-interval of them. Of the epoch so far, and of this
// rank's part of it: an early sight of what TrainEpochRecord says of all.
struct StepRecord : Record {
  int64_t task = 0, epoch = 0;
  int64_t step = 0, steps_in_epoch = 0;
  int64_t global_step = 0;
  double loss_so_far = 0;
  double accuracy_so_far = 0;
  std::optional<double> images_per_second;
  double learning_rate = 0;
  double run_fraction = 0;
};

struct TrainEpochRecord : Record {
  int64_t task = 0;
  int64_t epoch = 0;
  int64_t epoch_of_run = 0;
  int64_t steps_of_run = 0;
  int64_t steps = 0;
  double loss = 0;
  double incoming_loss = 0;
  std::optional<double> representative_loss;
  double top1 = 0, top5 = 0;
  double seconds = 0;
  int64_t incoming_samples = 0;
  int64_t representatives = 0;
  double representative_weight_share = 0;
  double learning_rate = 0;
  int world_size = 1;
  PhaseSeconds phase_seconds{};  // rank 0's
  double overlap_share = 0;
};

// A method's own named numbers at the end of a task (class weights, buffer
// composition ...). Scalars and vectors indexed by class or by rank.
struct AgentReport {
  std::map<std::string, std::vector<double>> by_class, by_rank;
  std::map<std::string, double> scalars;
};

// In place of a predicted class: none, as a score is not a number.
inline constexpr int64_t kNoClass = -1;

// How many test samples of a class a head took for which.
struct ConfusionCount {
  int64_t true_class = 0;
  int64_t predicted_class = 0;  // or kNoClass
  int64_t samples = 0;          // > 0

  bool operator==(const ConfusionCount& other) const {
    return true_class == other.true_class &&
           predicted_class == other.predicted_class && samples == other.samples;
  }
};
using ConfusionCounts = std::vector<ConfusionCount>;

// One evaluation of one head on one task's test set.
struct TestRecord : Record {
  int64_t task = 0;
  int64_t test_task = 0;
  int64_t epoch = 0;
  std::string head;
  bool primary = true;
  // Null where a head cannot answer yet.
  std::optional<double> top1, top5;
  std::optional<double> loss;  // null for heads without one
  int64_t correct = 0;
  int64_t samples = 0;
  int64_t steps = 0;
  // At a task's last evaluation, of a head that answers, else null. The pairs
  // of classes that occur, ascending: their samples add up to `samples`, those
  // on the diagonal to `correct`.
  std::optional<ConfusionCounts> confusion;
  double seconds = 0;
};

struct TaskRecord : Record {
  int64_t task = 0;
  double seconds = 0;
  AgentReport agent;
};

struct RunEnd : Record {
  double seconds = 0;
  PhaseSeconds phase_seconds{};  // rank 0's
  int64_t incoming_samples = 0;
  double training_seconds = 0;
  int world_size = 1;
  double overlap_share = 0;
  // Of the training thread, in sinks, before this record; MetricsFanout's to
  // fill.
  double sink_seconds = 0;
};

// All calls come from one thread, in the order of the run: OnRunStart; of each
// task the tests before training (epoch 0), of each of its epochs the steps,
// the epoch, the tests, and then the task; OnRunEnd. A test set is reported
// head by head, the primary one first. Without evaluation there are no tests; a
// run that fails ends anywhere, without OnRunEnd.
//
// A sink that fails says so by its Status, and is called again; what follows is
// its caller's to decide (metrics_fanout.h). tests/conformance/metric_sink
// holds every sink to this.
class MetricSink {
 public:
  virtual ~MetricSink() = default;
  virtual absl::Status OnRunStart(const RunStart&) { return absl::OkStatus(); }
  virtual absl::Status OnStep(const StepRecord&) { return absl::OkStatus(); }
  virtual absl::Status OnTrainEpoch(const TrainEpochRecord&) {
    return absl::OkStatus();
  }
  virtual absl::Status OnTest(const TestRecord&) { return absl::OkStatus(); }
  virtual absl::Status OnTaskEnd(const TaskRecord&) { return absl::OkStatus(); }
  virtual absl::Status OnRunEnd(const RunEnd&) { return absl::OkStatus(); }
};

}  // namespace reprise

#endif  // REPRISE_CORE_METRICS_METRIC_SINK_H_
