// Closed forms and edges; the recurrences of PyTorch are checked by
// tests/golden/optimizer_golden_test.
#include "core/tensor/optimizer_step.h"

#include <cmath>
#include <cstdint>
#include <utility>
#include <vector>

#include "core/base/philox.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace reprise {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

constexpr OptimizerKind kKinds[] = {
    OptimizerKind::kSgd, OptimizerKind::kAdam, OptimizerKind::kAdamW,
    OptimizerKind::kRmsProp, OptimizerKind::kAdagrad};

OptimizerOptions OptionsOf(OptimizerKind kind, double lr, double momentum) {
  OptimizerOptions options;
  options.kind = kind;
  options.lr = lr;
  options.momentum = momentum;
  return options;
}

// All states zero, steps counted from 1.
template <typename T>
struct Optimized {
  Optimized(const OptimizerOptions& options, std::vector<T> initial)
      : options(options),
        parameters(std::move(initial)),
        storage(NumStates(options), std::vector<T>(parameters.size())) {}

  void Step(double factor, const std::vector<T>& numerators) {
    std::vector<T*> states;
    for (auto& one : storage) states.push_back(one.data());
    OptimizerStep<T>(options, ++step, factor, numerators.data(),
                     static_cast<int64_t>(parameters.size()), states,
                     parameters.data());
  }

  OptimizerOptions options;
  std::vector<T> parameters;
  std::vector<std::vector<T>> storage;
  int64_t step = 0;
};

TEST(NumStates, CountsWhatEachOptimizerKeeps) {
  EXPECT_EQ(NumStates(OptionsOf(OptimizerKind::kSgd, 1, 0)), 0);
  EXPECT_EQ(NumStates(OptionsOf(OptimizerKind::kSgd, 1, 0.5)), 1);
  EXPECT_EQ(NumStates(OptionsOf(OptimizerKind::kAdam, 1, 0.5)), 2);
  EXPECT_EQ(NumStates(OptionsOf(OptimizerKind::kAdamW, 1, 0)), 2);
  EXPECT_EQ(NumStates(OptionsOf(OptimizerKind::kAdagrad, 1, 0)), 1);
  OptimizerOptions rms = OptionsOf(OptimizerKind::kRmsProp, 1, 0);
  EXPECT_EQ(NumStates(rms), 1);
  rms.momentum = 0.5;
  EXPECT_EQ(NumStates(rms), 2);
  rms.centered = true;
  EXPECT_EQ(NumStates(rms), 3);
}

TEST(OptimizerOptions, NamesEveryProblem) {
  EXPECT_THAT(OptimizerOptions{}.Problems(), IsEmpty());
  OptimizerOptions options;
  options.lr = -1;
  options.momentum = std::nan("");
  options.weight_decay = -2;
  options.beta1 = 1;
  options.beta2 = -0.5;
  options.epsilon = -3;
  options.alpha = -4;
  EXPECT_THAT(options.Problems(),
              ElementsAre(HasSubstr("lr must be >= 0, found -1"),
                          HasSubstr("momentum"), HasSubstr("weight decay"),
                          HasSubstr("beta1"), HasSubstr("beta2"),
                          HasSubstr("epsilon"), HasSubstr("alpha")));
  options = OptimizerOptions{};
  options.nesterov = true;
  options.dampening = 0.5;
  EXPECT_THAT(options.Problems(),
              ElementsAre(HasSubstr("momentum"), HasSubstr("dampening")));
  options.kind = OptimizerKind::kAdam;
  EXPECT_THAT(options.Problems(), IsEmpty());
}

TEST(OptimizerStep, OfNoParametersDoesNothing) {
  for (const OptimizerKind kind : kKinds) {
    Optimized<float>(OptionsOf(kind, 0.1, 0.9), {}).Step(1, {});
  }
}

TEST(OptimizerStep, OfZeroGradientLeavesParametersUnlessTheyDecay) {
  for (const OptimizerKind kind : kKinds) {
    OptimizerOptions options = OptionsOf(kind, 0.1, 0);
    Optimized<double> still(options, {1, -2});
    still.Step(1, {0, 0});
    EXPECT_THAT(still.parameters, ElementsAre(1, -2));
    options.weight_decay = 0.5;
    Optimized<double> decaying(options, {1, -2});
    decaying.Step(1, {0, 0});
    EXPECT_LT(decaying.parameters[0], 1);
    EXPECT_GT(decaying.parameters[1], -2);
  }
}

TEST(OptimizerStep, FirstStepsHaveTheClosedForms) {
  // Gradients 2 and -0.5, after the factor.
  const std::vector<double> numerators = {4, -1};
  auto first = [&](OptimizerOptions options) {
    options.epsilon = 0;
    Optimized<double> run(options, {1, 1});
    run.Step(0.5, numerators);
    return run.parameters;
  };
  auto near = [](double value) { return ::testing::DoubleNear(value, 1e-14); };
  OptimizerOptions options = OptionsOf(OptimizerKind::kSgd, 0.1, 0.9);
  options.dampening = 0.5;  // not in the first step
  EXPECT_THAT(first(options), ElementsAre(near(0.8), near(1.05)));
  options.dampening = 0;
  options.nesterov = true;  // 1.9 times the gradient
  EXPECT_THAT(first(options), ElementsAre(near(0.62), near(1.095)));
  // The sign of the gradient, times lr.
  EXPECT_THAT(first(OptionsOf(OptimizerKind::kAdam, 0.1, 0)),
              ElementsAre(near(0.9), near(1.1)));
  EXPECT_THAT(first(OptionsOf(OptimizerKind::kAdagrad, 0.1, 0)),
              ElementsAre(near(0.9), near(1.1)));
  // And over sqrt(1 - alpha) = 0.1.
  EXPECT_THAT(first(OptionsOf(OptimizerKind::kRmsProp, 0.01, 0)),
              ElementsAre(near(0.9), near(1.1)));
  options = OptionsOf(OptimizerKind::kAdamW, 0.1, 0);
  options.weight_decay = 0.5;
  EXPECT_THAT(first(options), ElementsAre(near(0.85), near(1.05)));
}

TEST(OptimizerStep, CenteredRmsPropStaysFiniteUnderAConstantGradient) {
  // s - a^2 tends to 0, and rounding takes it below.
  OptimizerOptions options = OptionsOf(OptimizerKind::kRmsProp, 1e-6, 0);
  options.centered = true;
  Optimized<float> run(options, {1, 1, 1, 1});
  for (int step = 0; step < 5000; ++step) {
    run.Step(1, {0.3f, 1.7f, -12.1f, 1e-3f});
    for (const float value : run.parameters) ASSERT_TRUE(std::isfinite(value));
  }
}

TEST(OptimizerStep, DoesNotDependOnAParametersPlace) {
  PhiloxStream stream({1, Purpose::kTest, 0, 0, 1});
  const int64_t n = 37;  // vector code and its remainder
  std::vector<float> values(n), numerators(n);
  for (float& value : values) value = stream.NextUniform();
  for (float& value : numerators) value = stream.NextUniform() - 0.5f;
  for (const OptimizerKind kind : kKinds) {
    for (const bool extra : {false, true}) {
      OptimizerOptions options = OptionsOf(kind, 0.01, extra ? 0.9 : 0);
      options.weight_decay = 0.01;
      options.nesterov = options.centered = extra;
      Optimized<float> whole(options, values);
      for (int step = 0; step < 3; ++step) whole.Step(0.5, numerators);
      for (int64_t i = 0; i < n; ++i) {
        Optimized<float> one(options, {values[i]});
        for (int step = 0; step < 3; ++step) one.Step(0.5, {numerators[i]});
        EXPECT_EQ(whole.parameters[i], one.parameters[0]) << i;
      }
    }
  }
}

TEST(OptimizerStep, ShowsNaN) {
  for (const OptimizerKind kind : kKinds) {
    OptimizerOptions options = OptionsOf(kind, 0.1, 0.9);
    options.centered = true;
    Optimized<float> run(options, {1});
    run.Step(1, {std::nanf("")});
    EXPECT_TRUE(std::isnan(run.parameters[0]));
  }
}

}  // namespace
}  // namespace reprise
