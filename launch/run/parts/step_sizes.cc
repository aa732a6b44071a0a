#include "launch/run/parts/step_sizes.h"

#include "core/base/slices.h"
#include "launch/settings/agent_rows.h"

namespace reprise {

StepSizes SizesOf(const ExperimentSpec& spec, int rank, int world_size) {
  const AgentSettings& agent = spec.agent;
  StepSizes sizes;
  sizes.global_batch = spec.training.global_batch_size.value_or(
                           spec.training.batch_size * world_size) *
                       spec.training.batches_per_allreduce;
  sizes.global_representatives = spec.rehearsal.global_representatives.value_or(
      agent.num_samples.value_or(agent.num_candidates) * world_size);
  if (!TraitsOf(spec).appends_to_batches) sizes.global_representatives = 0;
  sizes.global_candidates = spec.rehearsal.global_candidates.value_or(
      agent.num_candidates * world_size);
  sizes.batch = SliceSize(sizes.global_batch, rank, world_size);
  sizes.representatives =
      SliceSize(sizes.global_representatives, rank, world_size);
  sizes.candidates = SliceSize(sizes.global_candidates, rank, world_size);
  return sizes;
}

}  // namespace reprise
