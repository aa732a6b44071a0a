// iCaRL's kernels against icarl_reference.py: herding in exact arithmetic,
// nearest mean in double, losses and gradients of PyTorch.
#include <algorithm>
#include <cmath>
#include <cstdint>
#include <numeric>
#include <vector>

#include "core/base/philox.h"
#include "core/tensor/distillation_kl.h"
#include "core/tensor/feature_rows.h"
#include "core/tensor/herding.h"
#include "core/tensor/nearest_mean.h"
#include "core/tensor/sigmoid_distillation.h"
#include "gtest/gtest.h"
#include "nlohmann/json.hpp"
#include "tests/golden/reference.h"

namespace reprise {
namespace {

using ::nlohmann::json;

constexpr int64_t kRows = 200, kLength = 16, kSamples = 12, kColumns = 10;
constexpr int64_t kEvery = 5;  // row whose scores the reference keeps

PhiloxStream StreamOf(uint32_t step, int64_t position) {
  return PhiloxStream({/*seed=*/42, Purpose::kTest, /*task=*/1, step,
                       static_cast<uint32_t>(position)});
}

// features() of the script.
std::vector<float> RawFeatures() {
  std::vector<float> rows;
  for (int64_t i = 0; i < kRows; ++i) {
    PhiloxStream stream = StreamOf(0, i);
    for (int64_t j = 0; j < kLength; ++j) {
      rows.push_back(2 * stream.NextUniform() - 0.75f);
    }
  }
  std::copy_n(rows.begin() + 20 * kLength, 20 * kLength,
              rows.begin() + 100 * kLength);
  std::fill_n(rows.begin() + 130 * kLength, kLength, 0.0f);
  return rows;
}

// logits() of the script.
std::vector<double> Logits(uint32_t which) {
  std::vector<double> values;
  for (int64_t i = 0; i < kSamples; ++i) {
    PhiloxStream stream = StreamOf(which, i);
    for (int64_t k = 0; k < kColumns; ++k) {
      values.push_back(16.0 * stream.NextUniform() - 8);
    }
  }
  return values;
}

template <typename T>
std::vector<T> As(const std::vector<double>& values) {
  return std::vector<T>(values.begin(), values.end());
}

TEST(IcarlGolden, HerdingOrdersAreThoseOfExactArithmetic) {
  std::vector<float> features = RawFeatures();
  NormalizeRows(features.data(), kRows, kLength);
  for (const json& one : ReadReference("icarl_reference")["orders"]) {
    const int64_t begin = one["begin"], end = one["end"], m = one["m"];
    EXPECT_EQ(HerdingOrder(features.data() + begin * kLength, end - begin,
                           kLength, m),
              one["order"].get<std::vector<int64_t>>())
        << "rows " << begin << " to " << end << ", m = " << m;
  }
}

TEST(IcarlGolden, ClassMeansAndScoresOfTheNearestMeanAgree) {
  const json reference = ReadReference("icarl_reference");
  const std::vector<float> features = RawFeatures();
  // Class 2 has no rows.
  const std::vector<int64_t> ends = {90, 150, 150, 200};
  for (const FeatureNorm norm : {FeatureNorm::kL2, FeatureNorm::kNone}) {
    const int variant = norm == FeatureNorm::kL2 ? 0 : 1;
    std::vector<std::vector<double>> means;
    int64_t begin = 0;
    for (size_t k = 0; k < ends.size(); ++k) {
      std::vector<int64_t> rows(ends[k] - begin);
      std::iota(rows.begin(), rows.end(), begin);
      begin = ends[k];
      means.push_back(ClassMean(features.data(), kLength, rows, norm));
      const std::vector<double> expected = reference["means"][variant][k];
      ASSERT_EQ(means[k].size(), expected.size());
      for (size_t j = 0; j < expected.size(); ++j) {
        EXPECT_NEAR(means[k][j], expected[j], 1e-14);
      }
    }
    std::vector<float> scores(kRows * 4);
    NearestMeans(features.data(), kRows, kLength, means, norm, scores.data());
    for (int64_t i = 0; i < kRows; i += kEvery) {
      for (int64_t k = 0; k < 4; ++k) {
        const json& expected = reference["scores"][variant][i / kEvery][k];
        if (expected.is_null()) {
          EXPECT_EQ(scores[i * 4 + k], -INFINITY);
        } else {
          EXPECT_FLOAT_EQ(scores[i * 4 + k], expected.get<float>());
        }
      }
    }
  }
}

template <typename T>
void CheckLosses(double tolerance) {
  const json reference = ReadReference("icarl_reference");
  const json& sigmoid = reference["sigmoid"];
  const std::vector<T> logits = As<T>(Logits(1)), previous = As<T>(Logits(2));
  std::vector<ClassRole> roles(kColumns, ClassRole::kUnseen);
  for (const int k : {0, 1, 4, 7}) roles[k] = ClassRole::kOld;
  for (const int k : {2, 3, 9}) roles[k] = ClassRole::kNew;
  std::vector<float> weights;
  for (int64_t i = 0; i < kSamples; ++i) {
    weights.push_back(1 + static_cast<float>(i % 4) / 4);
  }
  std::vector<double> losses(kSamples);
  std::vector<T> gradient(kSamples * kColumns);
  const std::vector<int32_t> labels = sigmoid["labels"];
  SigmoidDistillation<T>(logits.data(), previous.data(), labels.data(),
                         weights.data(), roles, kSamples, 1.0 / 8,
                         losses.data(), gradient.data());
  // Losses are computed in double, whatever the logits' type.
  EXPECT_LE(RelativeDistance(losses, sigmoid["losses"]), 1e-15);
  EXPECT_LE(
      RelativeDistance({gradient.begin(), gradient.end()}, sigmoid["gradient"]),
      tolerance);

  std::fill(weights.begin(), weights.end(), 1.0f);
  DistillationKl<T>(logits.data(), previous.data(), weights.data(), kSamples,
                    kColumns, 1.0 / kSamples, losses.data(), gradient.data());
  EXPECT_NEAR(std::accumulate(losses.begin(), losses.end(), 0.0) / kSamples,
              reference["kl"]["mean"].get<double>(), 1e-14);
  EXPECT_LE(RelativeDistance({gradient.begin(), gradient.end()},
                             reference["kl"]["gradient"]),
            tolerance);
}

TEST(IcarlGolden, LossesAndGradientsAgreeInDouble) {
  CheckLosses<double>(1e-15);
}

TEST(IcarlGolden, LossesAndGradientsAgreeInFloat) { CheckLosses<float>(1e-7); }

}  // namespace
}  // namespace reprise
