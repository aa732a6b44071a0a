// What a run is made of before it trains: data, tasks, hardware, model, agent.
#ifndef REPRISE_LAUNCH_RUN_PARTS_RUN_PARTS_H_
#define REPRISE_LAUNCH_RUN_PARTS_RUN_PARTS_H_

#include <cstdint>
#include <memory>

#include "absl/status/statusor.h"
#include "agents/agent.h"
#include "core/comm/communicator.h"
#include "core/comm/decorators/observing_transport.h"
#include "data/dataset.h"
#include "data/scenario/scenario.h"
#include "launch/process/threads/core_binding.h"
#include "launch/run/devices/rank_hardware.h"
#include "launch/run/parts/step_sizes.h"
#include "launch/settings/experiment_spec.h"
#include "models/model.h"

namespace reprise {

// In an order in which later ones may use earlier ones until they are gone.
struct RunParts {
  DatasetPair data;
  Scenario scenario;
  RankHardware hardware;
  StepSizes sizes;
  int64_t lr_scale = 1;  // LearningRateScale
  std::unique_ptr<Model> model;
  std::unique_ptr<Agent> agent;
};

// Collective; every rank passes the same spec, and its own cores. The
// communicator outlives the parts. `observer`: of the collectives on devices,
// ChooseHardware's. Errors are the same on all ranks: UsageError and DataError
// of the settings and the data that they name, DistributedError of the
// communicators.
absl::StatusOr<RunParts> MakeRunParts(const ExperimentSpec& spec,
                                      const RankCores& cores,
                                      Communicator& communicator,
                                      CollectiveObserver observer);

}  // namespace reprise

#endif  // REPRISE_LAUNCH_RUN_PARTS_RUN_PARTS_H_
