// Runs one resolved experiment on the ranks of a communicator: data, model,
// agent, training, results.
#ifndef REPRISE_LAUNCH_RUN_EXPERIMENT_H_
#define REPRISE_LAUNCH_RUN_EXPERIMENT_H_

#include "absl/status/status.h"
#include "core/comm/communicator.h"
#include "launch/experiment.h"

namespace reprise {

// Collective: every rank passes the same spec. The Status carries the exit code
// of the program (core/base/status.h) and is the same on every rank as far as
// the ranks can still agree.
absl::Status RunExperiment(const ExperimentSpec& spec,
                           Communicator& communicator);

}  // namespace reprise

#endif  // REPRISE_LAUNCH_RUN_EXPERIMENT_H_
