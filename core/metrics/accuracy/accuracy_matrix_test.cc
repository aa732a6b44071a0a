#include "core/metrics/accuracy/accuracy_matrix.h"

#include <cstdint>
#include <optional>
#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace reprise {
namespace {

using ::testing::DoubleNear;
using ::testing::Eq;
using ::testing::Optional;

constexpr double kTolerance = 1e-12;

auto Is(double value) { return Optional(DoubleNear(value, kTolerance)); }

// The worked example of three tasks with 4, 3 and 3 thousand test samples.
AccuracyMatrix Example() {
  AccuracyMatrix matrix(3);
  matrix.Set(0, 0, .90, 4000);
  matrix.Set(1, 0, .95, 4000);
  matrix.Set(1, 1, .96, 3000);
  matrix.Set(2, 0, .80, 4000);
  matrix.Set(2, 1, .97, 3000);
  matrix.Set(2, 2, .91, 3000);
  return matrix;
}

TEST(AccuracyMatrixTest, TaskMeanWeighsTasksAndSampleMeanWeighsSamples) {
  const AccuracyMatrix matrix = Example();
  EXPECT_THAT(matrix.TaskMean(0), Is(.90));
  EXPECT_THAT(matrix.TaskMean(1), Is(.955));
  EXPECT_THAT(matrix.TaskMean(2), Is(2.68 / 3));
  EXPECT_THAT(matrix.SampleMean(0), Is(.90));
  EXPECT_THAT(matrix.SampleMean(1), Is(6.68 / 7));
  EXPECT_THAT(matrix.SampleMean(2), Is(.884));
}

TEST(AccuracyMatrixTest, MeasuresOfTheRunEqualTheHandComputedOnes) {
  const AccuracyMatrix matrix = Example();
  EXPECT_THAT(matrix.AverageIncremental(), Is((.90 + 6.68 / 7 + .884) / 3));
  // Task 1 was best after task 2; task 2 has gained.
  EXPECT_THAT(matrix.Forgetting(), Is((.15 - .01) / 2));
  EXPECT_THAT(matrix.BackwardTransfer(), Is((-.10 + .01) / 2));
}

TEST(AccuracyMatrixTest, APerfectRunForgetsNothing) {
  AccuracyMatrix matrix(4);
  for (int i = 0; i < 4; ++i) {
    for (int j = 0; j <= i; ++j) matrix.Set(i, j, 1.0, 10);
  }
  EXPECT_THAT(matrix.TaskMean(3), Is(1));
  EXPECT_THAT(matrix.AverageIncremental(), Is(1));
  EXPECT_THAT(matrix.Forgetting(), Is(0));
  EXPECT_THAT(matrix.BackwardTransfer(), Is(0));
}

TEST(AccuracyMatrixTest, OneTaskHasNoForgettingAndNoBackwardTransfer) {
  AccuracyMatrix matrix(1);
  matrix.Set(0, 0, .75, 8);
  EXPECT_THAT(matrix.AverageIncremental(), Is(.75));
  EXPECT_THAT(matrix.Forgetting(), Eq(std::nullopt));
  EXPECT_THAT(matrix.BackwardTransfer(), Eq(std::nullopt));
}

TEST(AccuracyMatrixTest, AMeasureIsNullWhereAnEntryThatItNeedsIsUnknown) {
  AccuracyMatrix matrix = Example();
  matrix.Set(1, 0, std::nullopt, 4000);
  EXPECT_THAT(matrix.SampleMean(1), Eq(std::nullopt));
  EXPECT_THAT(matrix.AverageIncremental(), Eq(std::nullopt));
  EXPECT_THAT(matrix.Forgetting(), Eq(std::nullopt));
  EXPECT_THAT(matrix.BackwardTransfer(), Is((-.10 + .01) / 2));
  EXPECT_THAT(matrix.TaskMean(2), Is(2.68 / 3));
}

TEST(AccuracyMatrixTest, EmptyTestSetsHaveNoSampleMean) {
  AccuracyMatrix matrix(1);
  matrix.Set(0, 0, 0.0, 0);
  EXPECT_THAT(matrix.SampleMean(0), Eq(std::nullopt));
}

TEST(AccuracyMatrixTest, EveryMeasureCarriesItsFormula) {
  for (const AccuracyMatrix::Measure& measure : Example().Measures()) {
    EXPECT_NE(measure.formula, "") << measure.name;
    EXPECT_TRUE(measure.value.has_value()) << measure.name;
  }
}

TestRecord TestOf(const std::string& head, bool primary, int64_t epoch,
                  double top1) {
  TestRecord record;
  record.head = head;
  record.primary = primary;
  record.epoch = epoch;
  record.top1 = top1;
  record.samples = 10;
  return record;
}

TEST(HeadMatricesTest, TheLastEpochCountsNotTheBestNorTheOneBeforeTraining) {
  HeadMatrices heads(1);
  heads.Add(TestOf("logits", true, 0, .1));
  EXPECT_TRUE(heads.heads().empty());
  heads.Add(TestOf("logits", true, 1, .9));
  heads.Add(TestOf("logits", true, 2, .8));
  EXPECT_THAT(heads.heads()[0].matrix.At(0, 0), Is(.8));
}

TEST(HeadMatricesTest, ThePrimaryHeadComesFirst) {
  HeadMatrices heads(1);
  heads.Add(TestOf("logits", false, 1, .5));
  heads.Add(TestOf("nme", true, 1, .6));
  ASSERT_EQ(heads.heads().size(), 2u);
  EXPECT_EQ(heads.heads()[0].name, "nme");
  EXPECT_THAT(heads.heads()[0].matrix.At(0, 0), Is(.6));
  EXPECT_THAT(heads.heads()[1].matrix.At(0, 0), Is(.5));
}

TEST(AccuracyMatrixDeathTest, ATaskHasNoAccuracyBeforeItIsMet) {
  EXPECT_DEATH(Example().At(0, 1), "a\\(0, 1\\) of 3 tasks");
}

}  // namespace
}  // namespace reprise
