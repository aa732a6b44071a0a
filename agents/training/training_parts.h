// What a run is of: options, data, tasks, network, method, ranks and reports.
#ifndef REPRISE_AGENTS_TRAINING_TRAINING_PARTS_H_
#define REPRISE_AGENTS_TRAINING_TRAINING_PARTS_H_

#include <vector>

#include "agents/agent.h"
#include "agents/training/training_options.h"
#include "core/comm/communicator.h"
#include "core/metrics/metric_sink.h"
#include "data/dataset.h"
#include "data/scenario/scenario.h"
#include "models/model.h"

namespace reprise {

// All outlive who is given them. All ranks have the same options, data and
// tasks; `sink` is rank 0's, on other ranks it may be one that ignores
// everything.
struct TrainingParts {
  const TrainingOptions& options;
  const DatasetPair& data;
  const std::vector<TaskSpec>& tasks;
  Model& model;
  Agent& agent;
  Communicator& communicator;
  MetricSink& sink;
};

}  // namespace reprise

#endif  // REPRISE_AGENTS_TRAINING_TRAINING_PARTS_H_
