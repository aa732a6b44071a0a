#include "agents/regime/regime.h"

#include <cmath>
#include <cstdint>
#include <vector>

#include "absl/status/status.h"
#include "core/base/status.h"
#include "core/base/status_matchers.h"
#include "core/tensor/optimizer_step.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace reprise {
namespace {

// The first step of an epoch.
TaskPosition Epoch(int64_t epoch) {
  return {epoch, /*step=*/0, /*steps_per_epoch=*/1, /*epochs=*/epoch + 1};
}

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

constexpr int64_t kStepsPerEpoch = 4, kEpochs = 10;

OptimizerOptions Base(double lr) { return OptimizerOptions{lr, 0.9, 1e-4}; }

RegimePhase FromEpoch(int64_t epoch) {
  RegimePhase phase;
  phase.from_epoch = epoch;
  return phase;
}

RegimePhase FromStep(int64_t step) {
  RegimePhase phase;
  phase.from_step = step;
  return phase;
}

OptimizerOptions OptionsAt(const Regime& regime, int64_t step_of_task,
                           int64_t epochs = kEpochs) {
  return regime.At({step_of_task / kStepsPerEpoch,
                    step_of_task % kStepsPerEpoch, kStepsPerEpoch, epochs});
}

double RateAt(const Regime& regime, int64_t step_of_task,
              int64_t epochs = kEpochs) {
  return OptionsAt(regime, step_of_task, epochs).lr;
}

TEST(Regime, WithoutPhasesIsItsBase) {
  const Regime regime(Base(0.1));
  REPRISE_EXPECT_OK(regime.Validate());
  for (const int64_t step : {0, 1, 39}) {
    EXPECT_EQ(RateAt(regime, step), 0.1);
    EXPECT_EQ(OptionsAt(regime, step).momentum, 0.9);
    EXPECT_EQ(OptionsAt(regime, step).weight_decay, 1e-4);
  }
}

TEST(Regime, PhasesHoldUntilTheNextAndKeepWhatTheyDoNotSet) {
  RegimePhase second = FromEpoch(2), third = FromEpoch(5);
  second.lr = 0.5;
  second.kind = OptimizerKind::kAdamW;
  third.lr_factor = 0.1;
  third.momentum = 0;
  third.weight_decay = 0.25;
  third.nesterov = true;
  const Regime regime(Base(0.1), {second, third});
  REPRISE_EXPECT_OK(regime.Validate());
  EXPECT_EQ(RateAt(regime, 7), 0.1);
  EXPECT_EQ(OptionsAt(regime, 7).kind, OptimizerKind::kSgd);
  EXPECT_EQ(RateAt(regime, 8), 0.5);
  EXPECT_EQ(OptionsAt(regime, 8).kind, OptimizerKind::kAdamW);
  EXPECT_EQ(OptionsAt(regime, 19).momentum, 0.9);
  const OptimizerOptions last = OptionsAt(regime, 20);
  EXPECT_DOUBLE_EQ(last.lr, 0.01);
  EXPECT_EQ(last.kind, OptimizerKind::kAdamW);
  EXPECT_EQ(last.momentum, 0);
  EXPECT_EQ(last.weight_decay, 0.25);
  EXPECT_TRUE(last.nesterov);
  EXPECT_EQ(regime.NumStates(), 2);
  EXPECT_EQ(regime.At(Epoch(2)).lr, 0.5);
}

TEST(Regime, PhasesMayChangeAnyOption) {
  RegimePhase phase = FromEpoch(1);
  phase.dampening = 0.1;
  phase.beta1 = 0.2;
  phase.beta2 = 0.3;
  phase.epsilon = 0.4;
  phase.alpha = 0.5;
  const Regime regime(Base(0.1), {phase, FromEpoch(2)});
  REPRISE_EXPECT_OK(regime.Validate());
  EXPECT_EQ(regime.At(Epoch(0)).EpsilonOrDefault(), 1e-8);
  const OptimizerOptions options = regime.At(Epoch(2));
  EXPECT_EQ(options.dampening, 0.1);
  EXPECT_EQ(options.beta1, 0.2);
  EXPECT_EQ(options.beta2, 0.3);
  EXPECT_EQ(options.epsilon, 0.4);
  EXPECT_EQ(options.alpha, 0.5);
}

TEST(Regime, PhasesMayBeginAtSteps) {
  RegimePhase phase = FromStep(6);
  phase.lr = 0.5;
  const Regime regime(Base(0.1), {phase});
  REPRISE_EXPECT_OK(regime.Validate());
  EXPECT_EQ(RateAt(regime, 5), 0.1);
  EXPECT_EQ(RateAt(regime, 6), 0.5);
}

TEST(Regime, RampsUpLinearlyFromTheFormerRateToItsOwn) {
  RegimePhase ramp = FromEpoch(1), after = FromEpoch(3);
  ramp.lr = 0.9;
  ramp.course = LrCourse::kRampUp;
  after.momentum = 0.5;
  const Regime regime(Base(0.1), {ramp, after});
  REPRISE_EXPECT_OK(regime.Validate());
  EXPECT_EQ(RateAt(regime, 3), 0.1);
  for (int64_t step = 4; step <= 12; ++step) {
    EXPECT_DOUBLE_EQ(RateAt(regime, step),
                     0.1 + 0.8 * static_cast<double>(step - 4) / 8);
  }
  EXPECT_EQ(RateAt(regime, 30), 0.9);
}

TEST(Regime, CosineDecayEndsAtZeroWithTheTaskOrTheNextPhase) {
  RegimePhase decay = FromEpoch(2), restart = FromEpoch(6);
  decay.course = LrCourse::kCosineDecay;
  const Regime to_the_end(Base(0.1), {decay});
  REPRISE_EXPECT_OK(to_the_end.Validate());
  EXPECT_EQ(RateAt(to_the_end, 7), 0.1);
  for (int64_t step = 8; step < 40; ++step) {
    EXPECT_NEAR(
        RateAt(to_the_end, step),
        0.05 * (1 + std::cos(M_PI * static_cast<double>(step - 8) / 32)),
        1e-17);
  }
  restart.lr = 0.2;
  const Regime twice(Base(0.1), {decay, restart});
  REPRISE_EXPECT_OK(twice.Validate());
  EXPECT_DOUBLE_EQ(RateAt(twice, 16), 0.05);  // half way
  EXPECT_EQ(RateAt(twice, 24), 0.2);
  // A task that ends before the phase begins, and one that ends with it.
  EXPECT_EQ(RateAt(to_the_end, 7, /*epochs=*/2), 0.1);
  EXPECT_EQ(RateAt(to_the_end, 8, /*epochs=*/2), 0.1);
}

TEST(Regime, ExponentialDecayMultipliesPerEpochAndTheNextPhaseGoesOnFromIt) {
  RegimePhase decay = FromEpoch(1), after = FromEpoch(3);
  decay.course = LrCourse::kExponentialDecay;
  decay.decay_rate = 0.25;
  after.momentum = 0;
  const Regime regime(Base(0.8), {decay, after});
  REPRISE_EXPECT_OK(regime.Validate());
  EXPECT_DOUBLE_EQ(RateAt(regime, 4), 0.8);
  EXPECT_DOUBLE_EQ(RateAt(regime, 6), 0.4);  // half an epoch
  EXPECT_DOUBLE_EQ(RateAt(regime, 8), 0.2);
  EXPECT_DOUBLE_EQ(RateAt(regime, 12), 0.05);
  EXPECT_DOUBLE_EQ(RateAt(regime, 39), 0.05);
}

TEST(Regime, WarmsUpLinearlyPerStepAndInFewerEpochsIfTheTaskHasFewer) {
  // Four ranks: 0.1 x 4.
  const Regime regime(Base(0.4), {}, WarmUp{5, 0.1});
  REPRISE_EXPECT_OK(regime.Validate());
  for (int64_t step = 0; step < 20; ++step) {
    EXPECT_DOUBLE_EQ(RateAt(regime, step),
                     0.1 + 0.3 * static_cast<double>(step) / 20);
  }
  EXPECT_EQ(RateAt(regime, 20), 0.4);
  EXPECT_EQ(RateAt(regime, 39), 0.4);
  EXPECT_DOUBLE_EQ(RateAt(regime, 4, /*epochs=*/2), 0.25);
}

TEST(Regime, WarmUpMultipliesTheRateOfAPhase) {
  RegimePhase drop = FromEpoch(1);
  drop.lr_factor = 0.5;
  const Regime regime(Base(0.4), {drop}, WarmUp{2, 0.2});
  EXPECT_DOUBLE_EQ(RateAt(regime, 0), 0.2);
  EXPECT_DOUBLE_EQ(RateAt(regime, 4), 0.2 * 0.75);
  EXPECT_DOUBLE_EQ(RateAt(regime, 8), 0.2);
}

TEST(Regime, OfRateZeroStaysAtZero) {
  EXPECT_EQ(RateAt(Regime(Base(0), {}, WarmUp{5, 0}), 3), 0);
}

TEST(Regime, NamesEveryProblem) {
  OptimizerOptions base = Base(-1);
  RegimePhase none, both = FromEpoch(3), early = FromEpoch(1),
                    step = FromStep(9);
  none.course = LrCourse::kRampUp;
  both.from_step = 3;
  both.lr = both.lr_factor = 1;
  early.momentum = -2;
  early.course = LrCourse::kCosineDecay;
  early.decay_rate = 0.5;
  step.course = LrCourse::kExponentialDecay;
  step.decay_rate = 2;
  const absl::Status status =
      Regime(base, {none, both, early, step}, WarmUp{-1, 0}).Validate();
  EXPECT_EQ(ExitCodeOf(status), ExitCode::kUsage);
  EXPECT_THAT(
      status.message(),
      AllOf(HasSubstr("regime: lr must be >= 0, found -1; warm-up epochs"),
            HasSubstr("phase 1: needs either an epoch or a step"),
            HasSubstr("phase 1: ramps up to a rate that it does not set"),
            HasSubstr("phase 2 from epoch 3 from step 3: needs either"),
            HasSubstr("both a rate and a factor"),
            HasSubstr("phase 3 from epoch 1: sets a decay rate without"),
            HasSubstr("phase 3 from epoch 1: momentum must be >= 0, found -2"),
            HasSubstr("phase 4 from step 9: decay rate must be in (0, 1]"),
            HasSubstr("phase 4 from step 9: must begin at an epoch or at a"),
            HasSubstr("phase 4 from step 9: must set a rate"),
            Not(HasSubstr("phase 4 from step 9: momentum"))));
}

TEST(Regime, PhasesMustAscend) {
  EXPECT_THAT(
      Regime(Base(1), {FromEpoch(2), FromEpoch(2)}).Validate().message(),
      HasSubstr("phase 2 from epoch 2: must begin after the phase"));
  EXPECT_THAT(Regime(Base(1), {FromStep(-1)}).Validate().message(),
              HasSubstr("phase 1 from step -1: must not begin before 0"));
  EXPECT_THAT(Regime(Base(0.1), {}, WarmUp{1, 0.2}).Validate().message(),
              HasSubstr("warm-up must begin between 0 and lr 0.1, found 0.2"));
}

std::vector<int64_t> Epochs(const std::vector<RegimePhase>& phases) {
  std::vector<int64_t> epochs;
  for (const RegimePhase& phase : phases) epochs.push_back(*phase.from_epoch);
  return epochs;
}

TEST(CifarRegime, DropsAtTheSharesOfATaskAndNeverBeforeTraining) {
  EXPECT_THAT(Epochs(CifarRegime(164)), ElementsAre(81, 122));
  EXPECT_THAT(Epochs(CifarRegime(70)), ElementsAre(34, 52));
  EXPECT_THAT(Epochs(CifarRegime(10)), ElementsAre(4, 7));
  EXPECT_THAT(Epochs(CifarRegime(3)), ElementsAre(1, 2));
  EXPECT_THAT(Epochs(CifarRegime(2)), ElementsAre(1));
  EXPECT_THAT(CifarRegime(1), IsEmpty());
  for (int64_t epochs = 1; epochs <= 200; ++epochs) {
    const Regime regime(Base(0.1), CifarRegime(epochs));
    REPRISE_EXPECT_OK(regime.Validate());
    EXPECT_EQ(regime.At(Epoch(0)).lr, 0.1);
    if (epochs < 3) continue;
    EXPECT_DOUBLE_EQ(regime.At(Epoch(epochs - 1)).lr, 0.001);
  }
  EXPECT_DOUBLE_EQ(Regime(Base(0.1), CifarRegime(2)).At(Epoch(1)).lr, 0.01);
}

TEST(UpstreamCifarRegime, DropsAtFixedEpochs) {
  const Regime regime(Base(0.1), UpstreamCifarRegime());
  REPRISE_EXPECT_OK(regime.Validate());
  EXPECT_EQ(regime.At(Epoch(80)).lr, 0.1);
  EXPECT_DOUBLE_EQ(regime.At(Epoch(81)).lr, 0.01);
  EXPECT_DOUBLE_EQ(regime.At(Epoch(122)).lr, 0.001);
  EXPECT_DOUBLE_EQ(regime.At(Epoch(164)).lr, 0.0001);
}

}  // namespace
}  // namespace reprise
