// Runs one resolved experiment on the ranks of a communicator: data, model,
// agent, training, results.
#ifndef REPRISE_LAUNCH_RUN_RUN_EXPERIMENT_H_
#define REPRISE_LAUNCH_RUN_RUN_EXPERIMENT_H_

#include "absl/status/status.h"
#include "core/comm/communicator.h"
#include "launch/process/threads/core_binding.h"
#include "launch/run/results/timeline_file.h"
#include "launch/settings/experiment_spec.h"

namespace reprise {

// Collective: every rank passes the same spec, and its own cores. The Status
// carries the exit code of the program (core/base/status.h) and is the same on
// every rank as far as the ranks can still agree.
// timeline: nullptr, or that of spec.results.timeline, in which the
// communicator's collectives are noted. The phases of training are added, and
// all of it is written when training ends, also by a failure that all ranks
// have.
absl::Status RunExperiment(const ExperimentSpec& spec, const RankCores& cores,
                           Communicator& communicator, TimelineFile* timeline);

}  // namespace reprise

#endif  // REPRISE_LAUNCH_RUN_RUN_EXPERIMENT_H_
