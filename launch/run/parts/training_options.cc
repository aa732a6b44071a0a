#include "launch/run/parts/training_options.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "agents/regime/regime.h"
#include "core/tensor/optimizer_step.h"
#include "launch/settings/agent_rows.h"
#include "launch/settings/experiment_spec.h"

namespace reprise {
namespace {

// Without it a learning rate times many ranks diverges (Goyal et al. 2017).
constexpr int64_t kWarmUpEpochs = 5;

Regime RegimeOf(const ExperimentSpec& spec, int64_t lr_scale) {
  OptimizerOptions base = spec.optimizer.Options();
  base.lr *= lr_scale;
  std::vector<RegimePhase> phases = spec.optimizer.phases;
  for (RegimePhase& phase : phases) {
    if (phase.lr.has_value()) *phase.lr *= lr_scale;
  }
  return Regime(base, std::move(phases),
                {WarmUpEpochs(spec, lr_scale), spec.optimizer.lr});
}

}  // namespace

int64_t LearningRateScale(const ExperimentSpec& spec, int world_size) {
  return spec.optimizer.lr_scaling == LrScaling::kLinear
             ? world_size * spec.training.batches_per_allreduce
             : 1;
}

int64_t WarmUpEpochs(const ExperimentSpec& spec, int64_t lr_scale) {
  int64_t epochs = lr_scale > 1 ? kWarmUpEpochs : 0;
  if (!spec.optimizer.phases.empty() &&
      spec.optimizer.phases[0].from_epoch.value_or(0) > 0) {
    epochs = std::min(epochs, *spec.optimizer.phases[0].from_epoch);
  }
  return std::min(spec.optimizer.warmup_epochs.value_or(epochs),
                  spec.training.epochs);
}

bool SelectsOnTestLoss(const ExperimentSpec& spec) {
  return spec.recipe.profile == Profile::kUpstream &&
         TraitsOf(spec).selects_on_test_loss && spec.training.evaluate;
}

TrainingOptions TrainingOptionsOf(const ExperimentSpec& spec,
                                  const StepSizes& sizes, int64_t lr_scale) {
  TrainingOptions options;
  options.epochs = spec.training.epochs;
  options.global_batch_size = sizes.global_batch;
  options.global_representatives = sizes.global_representatives;
  options.parts_per_step = spec.training.batches_per_allreduce;
  options.max_steps_per_epoch = spec.training.max_steps_per_epoch;
  options.eval_batch_size = spec.training.eval_batch_size > 0
                                ? spec.training.eval_batch_size
                                : spec.training.batch_size;
  options.evaluate = spec.training.evaluate;
  options.reset_at_each_task = spec.agent.reset_state_dict;
  options.select_on_test_loss = SelectsOnTestLoss(spec);
  options.shard = spec.data.shard;
  options.regime = RegimeOf(spec, lr_scale);
  options.augment = spec.training.augment == Augmentation::kStandard;
  options.seed = spec.training.seed;
  options.log_interval = spec.results.log_interval;
  options.bucket_bytes = spec.reduction.bucket_bytes;
  options.first_bucket_bytes =
      std::min(options.first_bucket_bytes, spec.reduction.bucket_bytes);
  options.compression = spec.reduction.compression;
  options.gradient_predivide_factor = spec.reduction.predivide_factor;
  options.use_adasum = spec.reduction.use_adasum;
  options.sync_batch_norm = spec.reduction.sync_batch_norm;
  return options;
}

}  // namespace reprise
