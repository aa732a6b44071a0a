// The evaluation of a network on the test sets of all tasks seen so far: a row
// of the accuracy matrix, head by head.
#ifndef REPRISE_AGENTS_TRAINING_SEEN_TASKS_H_
#define REPRISE_AGENTS_TRAINING_SEEN_TASKS_H_

#include <cstdint>
#include <vector>

#include "absl/status/statusor.h"
#include "agents/agent.h"
#include "agents/training/batch_input.h"
#include "agents/training/evaluation_loop.h"
#include "core/comm/communicator.h"
#include "core/metrics/metric_sink.h"
#include "data/dataset.h"
#include "data/scenario/scenario.h"
#include "models/model.h"

namespace reprise {

struct SeenTasks {
  const Dataset& test;
  const std::vector<TaskSpec>& tasks;  // of the run
  int64_t task = 0;                    // the last one seen
  int64_t epoch = 0;                   // its epochs that are done
};

// Collective: evaluates and reports to `sink`. The mean loss of the primary
// head over all test samples, 0 where it has none; what a sink answers is
// agreed on.
absl::StatusOr<double> EvaluateSeenTasks(
    const SeenTasks& seen, const std::vector<Classifier>& classifiers,
    const EvaluationOptions& options, const BatchInput& input, Model& model,
    Communicator& communicator, MetricSink& sink);

}  // namespace reprise

#endif  // REPRISE_AGENTS_TRAINING_SEEN_TASKS_H_
