// The lines that a run begins with: what the user should know before the first
// number appears.
#ifndef REPRISE_LAUNCH_RUN_RESULTS_ANNOUNCEMENT_H_
#define REPRISE_LAUNCH_RUN_RESULTS_ANNOUNCEMENT_H_

#include "launch/run/parts/run_parts.h"
#include "launch/settings/experiment_spec.h"

namespace reprise {

// On rank 0. Logs data and tasks, model and hosts, the sizes and rates of a
// step, and everything in which the run is not what its flags look like or what
// the exact method is.
void AnnounceRun(const ExperimentSpec& spec, const RunParts& parts,
                 int world_size);

}  // namespace reprise

#endif  // REPRISE_LAUNCH_RUN_RESULTS_ANNOUNCEMENT_H_
