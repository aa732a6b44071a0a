#include "launch/run/parts/training_options.h"

#include "agents/regime/regime.h"
#include "agents/training/training_loop.h"
#include "gtest/gtest.h"
#include "launch/run/parts/step_sizes.h"
#include "launch/settings/experiment_spec.h"

namespace reprise {
namespace {

TEST(LearningRateScale, CountsRanksAndPartsUnlessTheUserSaysNone) {
  ExperimentSpec spec;
  EXPECT_EQ(LearningRateScale(spec, 1), 1);
  spec.training.batches_per_allreduce = 2;
  EXPECT_EQ(LearningRateScale(spec, 4), 8);
  spec.optimizer.lr_scaling = LrScaling::kNone;
  EXPECT_EQ(LearningRateScale(spec, 4), 1);
}

TEST(WarmUpEpochs, EndBeforeTheRegimeAndTheTask) {
  ExperimentSpec spec;
  EXPECT_EQ(WarmUpEpochs(spec, 1), 0);
  EXPECT_EQ(WarmUpEpochs(spec, 8), 5);
  spec.optimizer.phases.resize(1);
  spec.optimizer.phases[0].from_epoch = 3;
  EXPECT_EQ(WarmUpEpochs(spec, 8), 3);
  spec.optimizer.warmup_epochs = 7;
  EXPECT_EQ(WarmUpEpochs(spec, 1), 7);
  spec.training.epochs = 2;
  EXPECT_EQ(WarmUpEpochs(spec, 8), 2);
}

TEST(TrainingOptionsOf, ScalesTheRatesOfTheRegimeAndWarmsUpFromOneRanks) {
  ExperimentSpec spec;
  spec.optimizer.lr = 0.1;
  spec.optimizer.phases.resize(1);
  spec.optimizer.phases[0].from_epoch = 6;
  spec.optimizer.phases[0].lr = 0.01;
  const Regime regime = TrainingOptionsOf(spec, StepSizes(), 4).regime;
  EXPECT_DOUBLE_EQ(regime.At({0, 0, 10, 10}).lr, 0.1);
  EXPECT_DOUBLE_EQ(regime.At({5, 0, 10, 10}).lr, 0.4);
  EXPECT_DOUBLE_EQ(regime.At({6, 0, 10, 10}).lr, 0.04);
}

TEST(TrainingOptionsOf, EvaluatesInBatchesOfTrainingUnlessToldOtherwise) {
  ExperimentSpec spec;
  EXPECT_EQ(TrainingOptionsOf(spec, StepSizes(), 1).eval_batch_size,
            spec.training.batch_size);
  spec.training.eval_batch_size = 7;
  EXPECT_EQ(TrainingOptionsOf(spec, StepSizes(), 1).eval_batch_size, 7);
}

TEST(TrainingOptionsOf, HasNoFirstBucketAboveTheOthers) {
  ExperimentSpec spec;
  spec.reduction.bucket_bytes = 4;
  EXPECT_EQ(TrainingOptionsOf(spec, StepSizes(), 1).first_bucket_bytes, 4);
}

}  // namespace
}  // namespace reprise
