// Runs one resolved experiment on the ranks of a communicator: data, model,
// agent, training, results.
#ifndef REPRISE_LAUNCH_RUN_EXPERIMENT_H_
#define REPRISE_LAUNCH_RUN_EXPERIMENT_H_

#include "absl/status/status.h"
#include "core/comm/communicator.h"
#include "core/metrics/timeline/timeline.h"
#include "launch/experiment.h"
#include "launch/mpirun/core_binding.h"

namespace reprise {

// Collective: every rank passes the same spec, and its own cores. The Status
// carries the exit code of the program (core/base/status.h) and is the same on
// every rank as far as the ranks can still agree. timeline: nullptr, or what
// the communicator's collectives are noted in; the phases of training are
// added, and all of it is written to spec.timeline.
absl::Status RunExperiment(const ExperimentSpec& spec, const RankCores& cores,
                           Communicator& communicator, Timeline* timeline);

}  // namespace reprise

#endif  // REPRISE_LAUNCH_RUN_EXPERIMENT_H_
