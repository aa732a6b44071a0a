// How many samples a step of training has, over all ranks and on each of them.
#ifndef REPRISE_LAUNCH_RUN_PARTS_STEP_SIZES_H_
#define REPRISE_LAUNCH_RUN_PARTS_STEP_SIZES_H_

#include <cstdint>

#include "launch/settings/experiment_spec.h"

namespace reprise {

struct StepSizes {
  // Over all ranks. Incoming samples count those of all parts of a step
  // (--batches-per-allreduce).
  int64_t global_batch = 0, global_representatives = 0, global_candidates = 0;
  // On this rank: its slice of each (core/base/slices.h).
  int64_t batch = 0, representatives = 0, candidates = 0;
};

// Flags per rank hold for every rank; global ones are split, the remainder goes
// to the low ranks. No representatives where the agent appends none to batches.
StepSizes SizesOf(const ExperimentSpec& spec, int rank, int world_size);

}  // namespace reprise

#endif  // REPRISE_LAUNCH_RUN_PARTS_STEP_SIZES_H_
