#include "core/tensor/nearest_mean.h"

#include <cmath>
#include <cstdint>
#include <limits>
#include <vector>

#include "core/base/philox.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace reprise {
namespace {

using ::testing::DoubleEq;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

constexpr float kNone = -std::numeric_limits<float>::infinity();

TEST(ClassMean, OfNoRowsIsNone) {
  EXPECT_THAT(ClassMean(nullptr, 3, {}, FeatureNorm::kL2), IsEmpty());
  EXPECT_THAT(ClassMean(nullptr, 3, {}, FeatureNorm::kNone), IsEmpty());
}

TEST(ClassMean, NormalisesRowsThenTheirMean) {
  // Directions (0.6, 0.8), (1, 0) and zeros.
  const std::vector<float> features = {3, 4, 100, 100, 2, 0, 0, 0};
  EXPECT_THAT(ClassMean(features.data(), 2, {0, 2, 3}, FeatureNorm::kL2),
              ElementsAre(DoubleEq(1.6 / std::sqrt(1.6 * 1.6 + 0.8 * 0.8)),
                          DoubleEq(0.8 / std::sqrt(1.6 * 1.6 + 0.8 * 0.8))));
  EXPECT_THAT(ClassMean(features.data(), 2, {0, 2, 3}, FeatureNorm::kNone),
              ElementsAre(DoubleEq(5 / 3.0), DoubleEq(4 / 3.0)));
  EXPECT_THAT(ClassMean(features.data(), 2, {3, 3}, FeatureNorm::kL2),
              ElementsAre(0, 0));
}

TEST(NearestMeans, EqualsTheDefinitionAndSkipsClassesWithoutAMean) {
  const int64_t n = 5, d = 21;
  PhiloxStream stream({1, Purpose::kTest, 0, 0, 5});
  std::vector<float> features(n * d);
  for (float& value : features) value = 4 * stream.NextUniform() - 1;
  const std::vector<std::vector<double>> means = {
      ClassMean(features.data(), d, {0, 1}, FeatureNorm::kL2),
      {},
      ClassMean(features.data(), d, {2, 3, 4}, FeatureNorm::kL2)};
  for (const FeatureNorm norm : {FeatureNorm::kL2, FeatureNorm::kNone}) {
    std::vector<float> scores(n * 3);
    NearestMeans(features.data(), n, d, means, norm, scores.data());
    for (int64_t i = 0; i < n; ++i) {
      double length = 0;
      for (int64_t j = 0; j < d; ++j) {
        length += std::pow(static_cast<double>(features[i * d + j]), 2);
      }
      length = norm == FeatureNorm::kL2 ? std::sqrt(length) : 1;
      for (const int64_t k : {0, 2}) {
        double squares = 0;
        for (int64_t j = 0; j < d; ++j) {
          squares += std::pow(features[i * d + j] / length - means[k][j], 2);
        }
        EXPECT_FLOAT_EQ(scores[i * 3 + k], static_cast<float>(-squares));
      }
      EXPECT_EQ(scores[i * 3 + 1], kNone);
    }
  }
}

TEST(NearestMeans, OfAFeatureAtItsMeanIsZeroAndOfZerosTheSquaredMean) {
  const std::vector<float> features = {0, 5, 0, 0};
  std::vector<float> scores(4);
  NearestMeans(features.data(), 2, 2, {{0, 1}, {0.6, 0.8}}, FeatureNorm::kL2,
               scores.data());
  EXPECT_EQ(scores[0], 0);
  EXPECT_FLOAT_EQ(scores[1], -0.4f);
  EXPECT_EQ(scores[2], -1);
  EXPECT_EQ(scores[3], -1);
}

TEST(NearestMeans, OfNoRowsOrNoClassesWritesNothing) {
  NearestMeans(nullptr, 0, 2, {{0, 1}}, FeatureNorm::kL2, nullptr);
  const std::vector<float> features = {1, 2};
  NearestMeans(features.data(), 1, 2, {}, FeatureNorm::kL2, nullptr);
}

}  // namespace
}  // namespace reprise
