#include "launch/settings/components/component.h"
#include "launch/settings/components/nearer_form.h"

namespace reprise {
namespace {

void Derive(ResolvedSettings& resolved) {
  TakeNearerForm("global-batch-size", "--batch-size", "batch-size",
                 &resolved.spec.training.global_batch_size, resolved);
}

void Check(ResolvedSettings& resolved) {
  if (resolved.spec.training.eval_batch_size == 0) {
    resolved.AddProblem(
        "--eval-batch-size: expected -1 or an integer from 1, found '0'");
  }
}

}  // namespace

Component TrainingFlags() {
  const Bind<TrainingSettings> training(&ExperimentSpec::training);
  using T = TrainingSettings;
  return {
      "Training",
      {
          training("epochs", &T::epochs, "N", "per task").From(1).UpTo(1e6),
          training("max-steps-per-epoch", &T::max_steps_per_epoch, "N",
                   "for trials and timing: an epoch ends after so many steps, "
                   "which --regime and --warmup-epochs then count by; 0: when "
                   "all samples were seen")
              .From(0),
          training("batch-size", &T::batch_size, "N", "per rank").From(1),
          training("global-batch-size", &T::global_batch_size, "N",
                   "over all ranks, in place of --batch-size; times "
                   "--batches-per-allreduce")
              .From(1),
          training("batches-per-allreduce", &T::batches_per_allreduce, "N",
                   "a step has N batches per rank and one reduction: the "
                   "gradient of --batch-size times N with as many "
                   "representatives, in the memory of one (batch "
                   "normalisation sees one at a time)")
              .From(1)
              .UpTo(1e6),
          training("eval-batch-size", &T::eval_batch_size, "N",
                   "-1: as for training")
              .From(-1),
          training("no-evaluate", &T::evaluate, "no evaluation").Inverted(),
          training("augment", &T::augment, "HOW",
                   "standard: pad 4, random crop, horizontal flip"),
          training("seed", &T::seed, "N", "of everything random"),
      },
      Derive,
      Check};
}

}  // namespace reprise
