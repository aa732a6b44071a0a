#include "core/base/permutation.h"

#include <algorithm>
#include <cstdint>
#include <map>
#include <numeric>
#include <utility>
#include <vector>

#include "core/base/philox.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace reprise {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

StreamKey KeyOf(uint64_t seed) {
  StreamKey key;
  key.seed = seed;
  return key;
}

// sum (observed - expected)^2 / expected over all `outcomes`, those never seen
// included.
template <typename Outcome>
double ChiSquare(const std::map<Outcome, int>& counts, int outcomes,
                 int draws) {
  const double expected = static_cast<double>(draws) / outcomes;
  double sum = (outcomes - static_cast<int>(counts.size())) * expected;
  for (const auto& [outcome, count] : counts) {
    sum += (count - expected) * (count - expected) / expected;
  }
  return sum;
}

TEST(PermutationTest, HoldsEveryValueOnce) {
  for (int64_t n : {0, 1, 2, 3, 100, 4097}) {
    std::vector<int64_t> values = RandomPermutation(KeyOf(3), n);
    std::vector<int64_t> expected(n);
    std::iota(expected.begin(), expected.end(), 0);
    std::sort(values.begin(), values.end());
    EXPECT_EQ(values, expected) << "n = " << n;
  }
}

TEST(PermutationTest, ASampleIsThePrefixOfThePermutation) {
  for (uint64_t seed = 0; seed < 20; ++seed) {
    for (int64_t n : {0, 1, 2, 5, 64, 1000}) {
      const std::vector<int64_t> permutation =
          RandomPermutation(KeyOf(seed), n);
      for (int64_t k : {int64_t{0}, int64_t{1}, n / 2, n, n + 7}) {
        const std::vector<int64_t> prefix(permutation.begin(),
                                          permutation.begin() + std::min(n, k));
        EXPECT_EQ(SampleWithoutReplacement(KeyOf(seed), n, k), prefix)
            << "seed " << seed << ", n " << n << ", k " << k;
      }
    }
  }
}

TEST(PermutationTest, DegenerateSizesDrawWhatThereIs) {
  EXPECT_THAT(SampleWithoutReplacement(KeyOf(0), 0, 5), IsEmpty());
  EXPECT_THAT(SampleWithoutReplacement(KeyOf(0), 5, 0), IsEmpty());
  EXPECT_THAT(SampleWithoutReplacement(KeyOf(0), 1, 9), ElementsAre(0));
}

TEST(PermutationTest, AHugeDomainCostsOnlyTheDraw) {
  const std::vector<int64_t> drawn =
      SampleWithoutReplacement(KeyOf(0), int64_t{1} << 60, 100);
  EXPECT_EQ(drawn.size(), 100u);
}

TEST(PermutationTest, AllOrdersAreEquallyLikely) {
  constexpr int kDraws = 24000;
  std::map<std::vector<int64_t>, int> counts;
  for (int seed = 0; seed < kDraws; ++seed) {
    ++counts[RandomPermutation(KeyOf(seed), 4)];
  }
  // 23 degrees of freedom, p = 0.0001.
  EXPECT_LT(ChiSquare(counts, 24, kDraws), 56.1);
}

TEST(PermutationTest, EveryIndexIndexZeroTooIsEquallyLikelyAtEveryPosition) {
  constexpr int kDraws = 20000, kSize = 10, kDrawn = 3;
  std::vector<std::map<int64_t, int>> counts(kDrawn);
  for (int seed = 0; seed < kDraws; ++seed) {
    const auto drawn = SampleWithoutReplacement(KeyOf(seed), kSize, kDrawn);
    for (int position = 0; position < kDrawn; ++position) {
      ++counts[position][drawn[position]];
    }
  }
  for (int position = 0; position < kDrawn; ++position) {
    EXPECT_GT(counts[position][0], 0);
    // 9 degrees of freedom, p = 0.0001.
    EXPECT_LT(ChiSquare(counts[position], kSize, kDraws), 33.8)
        << "position " << position;
  }
}

TEST(PermutationTest, DrawsOfNeighbouringStepsAreIndependent) {
  constexpr int kDraws = 24000;
  std::map<std::pair<int64_t, int64_t>, int> counts;
  for (uint32_t step = 0; step < kDraws; ++step) {
    StreamKey key;
    key.step = step;
    const int64_t now = SampleWithoutReplacement(key, 5, 1)[0];
    key.step = step + 1;
    ++counts[{now, SampleWithoutReplacement(key, 5, 1)[0]}];
  }
  // At most 24 degrees of freedom, p = 0.0001.
  EXPECT_LT(ChiSquare(counts, 25, kDraws), 57.7);
}

}  // namespace
}  // namespace reprise
