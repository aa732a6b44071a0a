#include "launch/report/comparison/sample_statistics.h"

#include <cmath>

#include "gtest/gtest.h"

namespace reprise {
namespace {

TEST(StudentQuantileTest, AreThoseOfScipy) {
  // scipy.stats.t.ppf.
  struct Row {
    double probability;
    int64_t degrees;
    double quantile;
  };
  for (const Row& row : {
           Row{0.975, 1, 12.706204736174694},
           Row{0.975, 2, 4.302652729749462},
           Row{0.975, 3, 3.1824463052837078},
           Row{0.975, 4, 2.7764451051977934},
           Row{0.975, 9, 2.2621571627982049},
           Row{0.975, 29, 2.0452296421327030},
           Row{0.975, 30, 2.0422724563012373},
           Row{0.975, 1000, 1.9623390808264074},
           Row{0.95, 5, 2.0150483733330233},
           Row{0.995, 1, 63.656741162871526},
           Row{0.025, 2, -4.302652729749462},
       }) {
    EXPECT_NEAR(StudentQuantile(row.probability, row.degrees) / row.quantile, 1,
                1e-9)
        << row.probability << " " << row.degrees;
  }
}

TEST(StudentQuantileTest, AreClosedFormsOfOneAndTwoDegrees) {
  const double pi = std::acos(-1.0);
  for (const double p : {0.5, 0.6, 0.9, 0.99, 0.999}) {
    EXPECT_NEAR(StudentQuantile(p, 1), std::tan(pi * (p - 0.5)),
                1e-9 * (1 + std::tan(pi * (p - 0.5))));
    const double two = (2 * p - 1) / std::sqrt(2 * p * (1 - p));
    EXPECT_NEAR(StudentQuantile(p, 2), two, 1e-9 * (1 + two));
  }
}

TEST(SampleStatisticsTest, NoValueHasNoMeanAndOneNoSpread) {
  EXPECT_EQ(StatisticsOf({}).n, 0);
  EXPECT_FALSE(StatisticsOf({}).standard_deviation.has_value());
  const SampleStatistics one = StatisticsOf({0.25});
  EXPECT_EQ(one.n, 1);
  EXPECT_EQ(one.mean, 0.25);
  EXPECT_FALSE(one.standard_deviation.has_value());
  EXPECT_FALSE(one.half_width.has_value());
}

TEST(SampleStatisticsTest, ThreeValuesHaveTheIntervalOfTwoDegrees) {
  const SampleStatistics three = StatisticsOf({1, 2, 3});
  EXPECT_EQ(three.n, 3);
  EXPECT_DOUBLE_EQ(three.mean, 2);
  EXPECT_DOUBLE_EQ(*three.standard_deviation, 1);
  EXPECT_NEAR(*three.half_width, 4.302652729749462 / std::sqrt(3.0), 1e-9);
}

TEST(SampleStatisticsTest, EqualValuesHaveAnIntervalOfNoWidth) {
  const SampleStatistics equal = StatisticsOf({0.5, 0.5});
  EXPECT_EQ(*equal.standard_deviation, 0);
  EXPECT_EQ(*equal.half_width, 0);
}

TEST(SampleStatisticsTest, ADifferenceHasWelchsInterval) {
  // Variances of the means 1/3 and 4/3: (5/3)^2 / ((1/9 + 16/9) / 2) = 2.94
  // degrees, of which 2 are taken.
  const Difference difference =
      DifferenceOf(StatisticsOf({11, 12, 13}), StatisticsOf({1, 3, 5}));
  EXPECT_DOUBLE_EQ(difference.mean, 9);
  EXPECT_NEAR(*difference.half_width, 4.302652729749462 * std::sqrt(5.0 / 3),
              1e-9);
}

TEST(SampleStatisticsTest, ADifferenceOfOneValueHasNoInterval) {
  const Difference difference =
      DifferenceOf(StatisticsOf({2}), StatisticsOf({1, 3}));
  EXPECT_DOUBLE_EQ(difference.mean, 0);
  EXPECT_FALSE(difference.half_width.has_value());
}

TEST(SampleStatisticsTest, TwoAndTwoEqualSpreadsHaveTwoDegrees) {
  const Difference difference =
      DifferenceOf(StatisticsOf({0, 1}), StatisticsOf({0, 1}));
  EXPECT_NEAR(*difference.half_width, 4.302652729749462 * std::sqrt(0.5), 1e-9);
}

}  // namespace
}  // namespace reprise
