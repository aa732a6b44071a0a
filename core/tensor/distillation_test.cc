// The losses that keep what the previous network knew.
#include <cmath>
#include <cstdint>
#include <functional>
#include <vector>

#include "core/base/philox.h"
#include "core/tensor/distillation_kl.h"
#include "core/tensor/sigmoid_distillation.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace reprise {
namespace {

using ::testing::Each;
using ::testing::ElementsAre;

constexpr ClassRole kUnseen = ClassRole::kUnseen, kOld = ClassRole::kOld,
                    kNew = ClassRole::kNew;

std::vector<double> RandomValues(int64_t n, double scale, uint32_t which) {
  PhiloxStream stream({1, Purpose::kTest, 0, 0, which});
  std::vector<double> values(n);
  for (double& value : values) value = scale * (2 * stream.NextUniform() - 1);
  return values;
}

double Sigmoid(double z) { return 1 / (1 + std::exp(-z)); }

// Compares `gradient` with central differences of weight * loss(logits).
void ExpectIsDerivative(
    const std::vector<double>& gradient, double weight,
    std::vector<double> logits,
    const std::function<double(const std::vector<double>&)>& loss) {
  for (size_t k = 0; k < logits.size(); ++k) {
    const double step = 1e-5, value = logits[k];
    logits[k] = value + step;
    const double above = loss(logits);
    logits[k] = value - step;
    const double below = loss(logits);
    logits[k] = value;
    EXPECT_NEAR(gradient[k], weight * (above - below) / (2 * step), 1e-9) << k;
  }
}

TEST(SigmoidDistillation, EqualsTheNaiveDefinition) {
  const std::vector<ClassRole> roles = {kOld, kNew, kUnseen, kOld, kNew, kNew};
  const int64_t n = 5, classes = 6;
  const auto logits = RandomValues(n * classes, 4, 1);
  const auto previous = RandomValues(n * classes, 4, 2);
  // Two of new classes, three exemplars of old ones.
  const std::vector<int32_t> labels = {1, 5, 0, 3, 0};
  const std::vector<float> weights = {1, 0.5f, 2, 1, 3};
  std::vector<double> losses(n), gradient(n * classes, 7);
  SigmoidDistillation<double>(logits.data(), previous.data(), labels.data(),
                              weights.data(), roles, n, 0.25, losses.data(),
                              gradient.data());
  for (int64_t i = 0; i < n; ++i) {
    double loss = 0;
    for (int64_t k = 0; k < classes; ++k) {
      const int64_t at = i * classes + k;
      if (roles[k] == kUnseen) {
        EXPECT_EQ(gradient[at], 0);
        continue;
      }
      const double target = roles[k] == kOld ? Sigmoid(previous[at])
                            : k == labels[i] ? 1
                                             : 0;
      const double s = Sigmoid(logits[at]);
      loss -= target * std::log(s) + (1 - target) * std::log(1 - s);
      EXPECT_NEAR(gradient[at], 0.25 * weights[i] * (s - target), 1e-14);
    }
    EXPECT_NEAR(losses[i], loss, 1e-12);
  }
}

TEST(SigmoidDistillation, GradientEqualsTheNumericDerivativeOfTheLoss) {
  const std::vector<ClassRole> roles = {kOld, kOld, kNew, kNew, kUnseen};
  const auto logits = RandomValues(5, 2, 3);
  const auto previous = RandomValues(5, 2, 4);
  const int32_t label = 2;
  const float weight = 1.75f;
  auto loss = [&](const std::vector<double>& z, double* gradient) {
    double value;
    SigmoidDistillation<double>(z.data(), previous.data(), &label, &weight,
                                roles, 1, 1, &value, gradient);
    return value;
  };
  std::vector<double> gradient(5);
  loss(logits, gradient.data());
  ExpectIsDerivative(
      gradient, weight, logits,
      [&](const std::vector<double>& z) { return loss(z, nullptr); });
}

TEST(SigmoidDistillation, IsLeastWhereOldOutputsAreKept) {
  const std::vector<ClassRole> roles(4, kOld);
  const auto previous = RandomValues(4, 3, 5);
  const int32_t label = 0;
  const float weight = 1;
  double loss;
  std::vector<double> gradient(4, 1);
  SigmoidDistillation<double>(previous.data(), previous.data(), &label, &weight,
                              roles, 1, 1, &loss, gradient.data());
  EXPECT_THAT(gradient, Each(0));
}

TEST(SigmoidDistillation, NeedsNoPreviousNetworkInTheFirstTask) {
  const std::vector<double> logits = {0, 0, 5};
  const int32_t label = 1;
  const float weight = 1;
  double loss;
  SigmoidDistillation<double>(logits.data(), nullptr, &label, &weight,
                              {kNew, kNew, kUnseen}, 1, 1, &loss, nullptr);
  EXPECT_DOUBLE_EQ(loss, 2 * std::log(2));
  SigmoidDistillation<double>(logits.data(), nullptr, &label, &weight,
                              {kUnseen, kUnseen, kUnseen}, 1, 1, &loss,
                              nullptr);
  EXPECT_EQ(loss, 0);
  SigmoidDistillation<double>(nullptr, nullptr, nullptr, nullptr, {kNew}, 0, 1,
                              nullptr, nullptr);
}

TEST(SigmoidDistillation, StaysFiniteForHugeLogitsAndShowsNaN) {
  const std::vector<ClassRole> roles = {kOld, kOld, kNew, kNew};
  std::vector<float> logits = {1e4f,  -1e4f, 1e4f,          -1e4f,  //
                               -1e4f, 1e4f,  std::nanf(""), 0};
  const std::vector<float> previous = {-1e4f, -1e4f, 0, 0, -1e4f, 1e4f, 0, 0};
  const std::vector<int32_t> labels = {3, 2};
  const std::vector<float> weights = {1, 1};
  std::vector<double> losses(2);
  // In place: the gradient replaces the logits.
  SigmoidDistillation<float>(logits.data(), previous.data(), labels.data(),
                             weights.data(), roles, 2, 1, losses.data(),
                             logits.data());
  EXPECT_EQ(losses[0], 3e4);
  EXPECT_THAT(std::vector<float>(logits.begin(), logits.begin() + 4),
              ElementsAre(1, 0, 1, -1));
  EXPECT_TRUE(std::isnan(losses[1]));
  EXPECT_TRUE(std::isnan(logits[6]));
}

TEST(DistillationKl, EqualsTheNaiveDefinition) {
  const int64_t n = 4, classes = 6;
  const auto logits = RandomValues(n * classes, 4, 6);
  const auto previous = RandomValues(n * classes, 4, 7);
  const std::vector<float> weights = {1, 0.5f, 2, 3};
  std::vector<double> losses(n), gradient(n * classes);
  DistillationKl<double>(logits.data(), previous.data(), weights.data(), n,
                         classes, 0.5, losses.data(), gradient.data());
  for (int64_t i = 0; i < n; ++i) {
    double sum = 0, previous_sum = 0, loss = 0;
    for (int64_t k = 0; k < classes; ++k) {
      sum += std::exp(logits[i * classes + k]);
      previous_sum += std::exp(previous[i * classes + k]);
    }
    for (int64_t k = 0; k < classes; ++k) {
      const double s = std::exp(logits[i * classes + k]) / sum;
      const double p = std::exp(previous[i * classes + k]) / previous_sum;
      loss += p * std::log(p / s);
      EXPECT_NEAR(gradient[i * classes + k], 0.5 * weights[i] * (s - p), 1e-14);
    }
    EXPECT_NEAR(losses[i], loss, 1e-13);
  }
}

TEST(DistillationKl, GradientEqualsTheNumericDerivativeOfTheLoss) {
  const auto logits = RandomValues(5, 2, 8);
  const auto previous = RandomValues(5, 2, 9);
  const float weight = 0.75f;
  auto loss = [&](const std::vector<double>& z, double* gradient) {
    double value;
    DistillationKl<double>(z.data(), previous.data(), &weight, 1, 5, 1, &value,
                           gradient);
    return value;
  };
  std::vector<double> gradient(5);
  loss(logits, gradient.data());
  ExpectIsDerivative(
      gradient, weight, logits,
      [&](const std::vector<double>& z) { return loss(z, nullptr); });
}

TEST(DistillationKl, IsZeroForEqualDistributionsFiniteForHugeAndShowsNaN) {
  // Softmax ignores a constant; the gradient may replace the logits.
  std::vector<float> logits = {1,   2,     3,  //
                               1e4, -1e4f, 0,  //
                               0,   0,     std::nanf("")};
  const std::vector<float> previous = {11, 12, 13, -1e4f, 1e4, 0, 0, 0, 0};
  const std::vector<float> weights = {1, 1, 1};
  std::vector<double> losses(3);
  DistillationKl<float>(logits.data(), previous.data(), weights.data(), 3, 3, 1,
                        losses.data(), logits.data());
  EXPECT_NEAR(losses[0], 0, 1e-15);
  EXPECT_EQ(losses[1], 2e4);
  EXPECT_THAT(std::vector<float>(logits.begin() + 3, logits.begin() + 6),
              ElementsAre(1, -1, 0));
  EXPECT_TRUE(std::isnan(losses[2]));
  DistillationKl<float>(nullptr, nullptr, nullptr, 0, 3, 1, nullptr, nullptr);
}

}  // namespace
}  // namespace reprise
