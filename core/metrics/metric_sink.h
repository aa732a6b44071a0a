// What the training loop reports, and the interface of what receives it:
// files (jsonl, upstream_json), the terminal (progress), later InfluxDB and
// TensorBoard. Every rank reports to the sinks that it has; those of results
// are rank 0's. The values are those of all ranks, except in a StepRecord, for
// which nothing is exchanged, and where a field says so.
//
// Accuracies are in [0, 1]; times are seconds of wall clock. Tasks count from 0
// here (upstream's files count from 1 and are written so by their sink).
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

struct RunStart {
  std::string experiment;  // "mnist_nil_mnistnet" or "reprise"
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
struct StepRecord {
  int64_t task = 0, epoch = 0;           // epoch within the task, from 0
  int64_t step = 0, steps_in_epoch = 0;  // step within the epoch, from 0
  int64_t global_step = 0;
  double loss = 0;               // weighted objective: sum w l / sum w
  double accuracy = 0;           // top1 of incoming samples
  double images_per_second = 0;  // incoming samples of this rank times ranks
  double learning_rate = 0;
  double run_fraction = 0;  // of all training steps of the run, in [0, 1]
};

struct TrainEpochRecord {
  int64_t task = 0;
  int64_t epoch = 0;         // within the task, from 0
  int64_t epoch_of_run = 0;  // over all tasks, from 0
  int64_t steps_of_run = 0;  // optimizer steps since the start
  int64_t steps = 0;         // of this epoch
  double loss = 0;           // weighted objective: sum w l / sum w
  double incoming_loss = 0;  // mean over incoming samples, unweighted
  std::optional<double> representative_loss;  // mean, unweighted
  double top1 = 0, top5 = 0;                  // over incoming samples
  double seconds = 0;                         // training only
  int64_t incoming_samples = 0;               // all ranks
  int64_t representatives = 0;                // all ranks
  double representative_weight_share = 0;     // of the total weight, in [0, 1]
  double learning_rate = 0;                   // at the last step
  int world_size = 1;
  PhaseSeconds phase_seconds{};  // of this epoch, rank 0
  double overlap_share = 0;  // of reduction time hidden by backward; 0 at W = 1
};

// A method's own named numbers at the end of a task (class weights, buffer
// composition ...). Scalars and vectors indexed by class or by rank.
struct AgentReport {
  std::map<std::string, std::vector<double>> by_class, by_rank;
  std::map<std::string, double> scalars;
};

// One evaluation of one head on one task's test set.
struct TestRecord {
  int64_t task = 0;       // the task being learnt
  int64_t test_task = 0;  // whose test set
  int64_t epoch = 0;      // 0 = before training, e = after e epochs
  std::string head;       // "logits", "nme"; the primary one first
  bool primary = true;
  // Null where a head cannot answer yet.
  std::optional<double> top1, top5;
  std::optional<double> loss;  // mean cross-entropy; null for headless metrics
  int64_t correct = 0;         // top1 count
  int64_t samples = 0;
  int64_t steps = 0;
  double seconds = 0;
};

struct TaskRecord {
  int64_t task = 0;
  double seconds = 0;  // training and evaluation
  AgentReport agent;
};

struct RunEnd {
  double seconds = 0;
  PhaseSeconds phase_seconds{};  // of the whole run, rank 0
  int64_t incoming_samples = 0;  // trained, all ranks
  double training_seconds = 0;
  int world_size = 1;
  // Of the reduction's time, the part hidden by backward; 0 at W = 1.
  double overlap_share = 0;
};

// All calls come from one thread. A sink that fails says so by its Status, and
// is called again; what follows is its caller's to decide (metrics_fanout.h: a
// warning, or for jsonl, the truth, the end of the run).
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
