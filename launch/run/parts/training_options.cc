#include "launch/run/parts/training_options.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "agents/regime/regime.h"
#include "core/comm/gradient_reducer.h"
#include "core/tensor/optimizer_step.h"
#include "launch/settings/regime_literal.h"

namespace reprise {
namespace {

// Without it a learning rate times many ranks diverges (Goyal et al. 2017).
constexpr int64_t kWarmUpEpochs = 5;

Regime RegimeOf(const ExperimentSpec& spec, int64_t lr_scale) {
  OptimizerOptions base = OptimizerOf(spec);
  base.lr *= lr_scale;
  std::vector<RegimePhase> phases = spec.regime_phases;
  for (RegimePhase& phase : phases) {
    if (phase.lr.has_value()) *phase.lr *= lr_scale;
  }
  return Regime(base, std::move(phases),
                {WarmUpEpochs(spec, lr_scale), spec.lr});
}

GradientReducer::Compression CompressionOf(const ExperimentSpec& spec) {
  using Compression = GradientReducer::Compression;
  return spec.compression == "fp16"   ? Compression::kFloat16
         : spec.compression == "bf16" ? Compression::kBFloat16
                                      : Compression::kNone;
}

}  // namespace

int64_t LearningRateScale(const ExperimentSpec& spec, int world_size) {
  return spec.lr_scaling == "linear" ? world_size * spec.batches_per_allreduce
                                     : 1;
}

int64_t WarmUpEpochs(const ExperimentSpec& spec, int64_t lr_scale) {
  int64_t epochs = lr_scale > 1 ? kWarmUpEpochs : 0;
  if (!spec.regime_phases.empty() &&
      spec.regime_phases[0].from_epoch.value_or(0) > 0) {
    epochs = std::min(epochs, *spec.regime_phases[0].from_epoch);
  }
  return std::min(spec.warmup_epochs.value_or(epochs), spec.epochs);
}

bool SelectsOnTestLoss(const ExperimentSpec& spec) {
  return spec.profile == "upstream" && spec.agent == "nil" && !spec.scratch &&
         spec.evaluate;
}

TrainingOptions TrainingOptionsOf(const ExperimentSpec& spec,
                                  const StepSizes& sizes, int64_t lr_scale) {
  TrainingOptions options;
  options.epochs = spec.epochs;
  options.global_batch_size = sizes.global_batch;
  options.global_representatives = sizes.global_representatives;
  options.parts_per_step = spec.batches_per_allreduce;
  options.max_steps_per_epoch = spec.max_steps_per_epoch;
  options.eval_batch_size =
      spec.eval_batch_size > 0 ? spec.eval_batch_size : spec.batch_size;
  options.evaluate = spec.evaluate;
  options.reset_at_each_task = spec.agent_config.reset_state_dict;
  options.select_on_test_loss = SelectsOnTestLoss(spec);
  options.shard = spec.shard;
  options.regime = RegimeOf(spec, lr_scale);
  options.augment = spec.augment == "standard";
  options.seed = spec.seed;
  options.log_interval = spec.log_interval;
  options.bucket_bytes = spec.bucket_bytes;
  options.first_bucket_bytes =
      std::min(options.first_bucket_bytes, spec.bucket_bytes);
  options.compression = CompressionOf(spec);
  options.gradient_predivide_factor = spec.gradient_predivide_factor;
  options.use_adasum = spec.use_adasum;
  options.sync_batch_norm = spec.sync_batchnorm;
  return options;
}

}  // namespace reprise
