#include "core/tensor/batch_norm_merge.h"

#include <cstdint>
#include <cstring>
#include <limits>
#include <vector>

#include "core/base/philox.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace reprise {
namespace {

using ::testing::ElementsAre;

TEST(MergeBatchNorm, OfOneRankIsTheIdentityBitForBit) {
  const std::vector<float> means = {0.1f, -3e38f, 1e-45f, -7, 0};
  const std::vector<float> variances = {0.3f, 3e38f, 1e-45f, 0,
                                        std::numeric_limits<float>::min()};
  std::vector<float> mean(5), variance(5);
  MergeBatchNorm<float>(means.data(), variances.data(), 1, 5, mean.data(),
                        variance.data());
  EXPECT_EQ(std::memcmp(mean.data(), means.data(), 20), 0);
  EXPECT_EQ(std::memcmp(variance.data(), variances.data(), 20), 0);
}

TEST(MergeBatchNorm, AddsTheVarianceBetweenRanks) {
  // Two channels on three ranks; the second has no variance within ranks.
  const std::vector<double> means = {1, 0, 2, 3, 3, 6};
  const std::vector<double> variances = {4, 0, 5, 0, 6, 0};
  std::vector<double> mean(2), variance(2);
  MergeBatchNorm<double>(means.data(), variances.data(), 3, 2, mean.data(),
                         variance.data());
  EXPECT_THAT(mean, ElementsAre(2, 3));
  EXPECT_THAT(variance, ElementsAre((15 + 2) / 3.0, 6));
}

TEST(MergeBatchNorm, EqualsTheMomentsOfAllSamplesTogether) {
  PhiloxStream stream({1, Purpose::kTest, 0, 0, 1});
  const int64_t ranks = 4, samples = 50;
  std::vector<double> means(ranks), variances(ranks), all;
  for (int64_t r = 0; r < ranks; ++r) {
    std::vector<double> own(samples);
    for (double& value : own) {
      value = 100 + static_cast<double>(r) + stream.NextUniform();
      means[r] += value / samples;
    }
    for (const double value : own) {
      variances[r] += (value - means[r]) * (value - means[r]) / samples;
    }
    all.insert(all.end(), own.begin(), own.end());
  }
  double mean = 0, variance = 0;
  for (const double value : all)
    mean += value / static_cast<double>(all.size());
  for (const double value : all) {
    variance +=
        (value - mean) * (value - mean) / static_cast<double>(all.size());
  }
  // In place.
  MergeBatchNorm<double>(means.data(), variances.data(), ranks, 1, means.data(),
                         variances.data());
  EXPECT_NEAR(means[0], mean, 1e-12);
  EXPECT_NEAR(variances[0], variance, 1e-12);
}

TEST(MergeBatchNorm, OfNoChannelsWritesNothing) {
  MergeBatchNorm<float>(nullptr, nullptr, 2, 0, nullptr, nullptr);
}

}  // namespace
}  // namespace reprise
