#include "core/tensor/herding.h"

#include <cmath>
#include <cstdint>
#include <limits>
#include <vector>

#include "core/base/philox.h"
#include "core/tensor/feature_rows.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace reprise {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

// The definition, word for word.
std::vector<int64_t> NaiveOrder(const std::vector<float>& features, int64_t d,
                                int64_t m) {
  const int64_t n = static_cast<int64_t>(features.size()) / d;
  std::vector<double> mean(d), sum(d);
  for (int64_t i = 0; i < n; ++i) {
    for (int64_t j = 0; j < d; ++j) mean[j] += features[i * d + j];
  }
  for (double& value : mean) value /= n;
  std::vector<int64_t> order;
  std::vector<bool> chosen(n);
  for (int64_t k = 1; k <= m; ++k) {
    int64_t best = -1;
    double least = std::numeric_limits<double>::infinity();
    for (int64_t i = 0; i < n; ++i) {
      if (chosen[i]) continue;
      double squares = 0;
      for (int64_t j = 0; j < d; ++j) {
        const double difference =
            mean[j] - (features[i * d + j] + sum[j]) / static_cast<double>(k);
        squares += difference * difference;
      }
      if (std::sqrt(squares) < least) {
        least = std::sqrt(squares);
        best = i;
      }
    }
    for (int64_t j = 0; j < d; ++j) sum[j] += features[best * d + j];
    chosen[best] = true;
    order.push_back(best);
  }
  return order;
}

// Rows around a common direction, so that the mean is not small.
std::vector<float> RandomRows(int64_t n, int64_t d, uint32_t which) {
  PhiloxStream stream({1, Purpose::kTest, 0, 0, which});
  std::vector<float> features(n * d);
  for (float& value : features) value = 2 * stream.NextUniform() - 0.5f;
  NormalizeRows(features.data(), n, d);
  return features;
}

std::vector<int64_t> OrderOf(const std::vector<float>& features, int64_t d,
                             int64_t m) {
  return HerdingOrder(features.data(),
                      static_cast<int64_t>(features.size()) / d, d, m);
}

TEST(Herding, OfNothingIsEmptyAndOfMoreThanThereIsEveryRow) {
  EXPECT_THAT(HerdingOrder(nullptr, 0, 3, 5), IsEmpty());
  EXPECT_THAT(OrderOf({1, 0, 0, 1}, 2, 0), IsEmpty());
  EXPECT_THAT(OrderOf({0, 1}, 2, 5), ElementsAre(0));
}

TEST(Herding, EqualsTheNaiveDefinitionForAnyLengthAndNumberOfRows) {
  // Lengths around multiples of the kernel's lanes.
  for (const int64_t d : {2, 7, 8, 9, 16, 50, 67}) {
    for (const int64_t n : {1, 2, 3, 40, 201}) {
      const auto features =
          RandomRows(n, d, static_cast<uint32_t>(1000 * d + n));
      EXPECT_EQ(OrderOf(features, d, n), NaiveOrder(features, d, n))
          << n << " rows of " << d;
      EXPECT_EQ(OrderOf(features, d, n / 2), NaiveOrder(features, d, n / 2));
    }
  }
}

TEST(Herding, OfNumbersOfLengthOneFollowsTheMean) {
  // Mean 1/2. First a 1 (distance 1/2 against 3/2); then 1 and -1 both leave
  // 1/2, and the smaller index wins; then -1 leaves 1/6, 1 would leave 1/2.
  EXPECT_THAT(OrderOf({1, 1, 1, -1}, 1, 4), ElementsAre(0, 1, 3, 2));
  EXPECT_THAT(OrderOf({-1, 1, 1, 1}, 1, 4), ElementsAre(1, 0, 2, 3));
}

TEST(Herding, EqualRowsTieExactlyAndTheSmallestIndexWins) {
  const int64_t d = 19, distinct = 30;
  const auto once = RandomRows(distinct, d, 1);
  std::vector<float> features;
  // Three copies, in three different orders.
  std::vector<int64_t> original;
  for (const int64_t stride : {1, 7, 11}) {
    for (int64_t i = 0; i < distinct; ++i) {
      const int64_t row = i * stride % distinct;
      original.push_back(row);
      features.insert(features.end(), once.begin() + row * d,
                      once.begin() + (row + 1) * d);
    }
  }
  const auto order = OrderOf(features, d, 3 * distinct);
  EXPECT_EQ(order, NaiveOrder(features, d, 3 * distinct));
  // Copies of a row come in ascending order.
  std::vector<int64_t> last(distinct, -1);
  for (const int64_t i : order) {
    EXPECT_LT(last[original[i]], i);
    last[original[i]] = i;
  }
  EXPECT_THAT(OrderOf(std::vector<float>(5 * d, 0.25f), d, 5),
              ElementsAre(0, 1, 2, 3, 4));
}

TEST(Herding, OfASmallerBudgetIsAPrefix) {
  const auto features = RandomRows(60, 20, 2);
  const auto all = OrderOf(features, 20, 60);
  const auto part = OrderOf(features, 20, 17);
  EXPECT_EQ(part, std::vector<int64_t>(all.begin(), all.begin() + 17));
}

TEST(Herding, ChoosesEachRowOnceWhateverTheFeatures) {
  std::vector<float> features(6 * 4, std::nanf(""));
  EXPECT_THAT(OrderOf(features, 4, 6), ElementsAre(0, 1, 2, 3, 4, 5));
}

TEST(NormalizeRows, GivesLengthOneAndLeavesRowsOfZeros) {
  std::vector<float> features = {3, 4, 0, 0, -1e-30f, 0};
  NormalizeRows(features.data(), 3, 2);
  EXPECT_THAT(features, ElementsAre(0.6f, 0.8f, 0, 0, -1, 0));
}

}  // namespace
}  // namespace reprise
