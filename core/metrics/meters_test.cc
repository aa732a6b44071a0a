#include "core/metrics/meters.h"

#include <optional>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace reprise {
namespace {

using ::testing::DoubleEq;
using ::testing::Eq;
using ::testing::Optional;

TEST(CountTop, HasTheFirstClassAndTheFirstFive) {
  const TopCounts counts = CountTop({0, 4, 5, 1, 0, 1000});
  EXPECT_EQ(counts.top1, 2);
  EXPECT_EQ(counts.top5, 4);
  EXPECT_EQ(CountTop({}).top1, 0);
  EXPECT_EQ(CountTop({}).top5, 0);
}

// Three incoming samples of losses 1, 2, 3, two representatives of losses 4, 6
// and weights 2, 3.
TrainStepSums ExampleStep() {
  TrainStepSums step;
  step.objective_sum = 1 + 2 + 3 + 2 * 4 + 3 * 6;
  step.objective_weight = 3 + 2 + 3;
  step.incoming_loss_sum = 6;
  step.representative_loss_sum = 10;
  step.representative_weight = 5;
  step.incoming_samples = 3;
  step.representatives = 2;
  step.top1_correct = 1;
  step.top5_correct = 2;
  return step;
}

TEST(TrainMeterTest, LossesAreTheWeightedAndTheUnweightedMeans) {
  TrainMeter meter;
  meter.Add(ExampleStep());
  TrainEpochRecord record;
  meter.Fill(&record);
  EXPECT_DOUBLE_EQ(record.loss, 32.0 / 8);
  EXPECT_DOUBLE_EQ(record.incoming_loss, 2);
  EXPECT_THAT(record.representative_loss, Optional(DoubleEq(5)));
  EXPECT_DOUBLE_EQ(record.top1, 1.0 / 3);
  EXPECT_DOUBLE_EQ(record.top5, 2.0 / 3);
  EXPECT_EQ(record.incoming_samples, 3);
  EXPECT_EQ(record.representatives, 2);
  EXPECT_DOUBLE_EQ(record.representative_weight_share, 5.0 / 8);
}

TEST(TrainMeterTest, StepsOnOneRankEqualOneStepOnEachRankSummed) {
  TrainStepSums other = ExampleStep();
  other.incoming_samples = 7;
  other.objective_sum = 1.25;
  TrainMeter together, first, second;
  together.Add(ExampleStep());
  together.Add(other);
  first.Add(ExampleStep());
  second.Add(other);
  for (int i = 0; i < TrainMeter::kNumSums; ++i) {
    first.sums()[i] += second.sums()[i];
  }
  for (int i = 0; i < TrainMeter::kNumCounts; ++i) {
    first.counts()[i] += second.counts()[i];
  }
  EXPECT_EQ(first.sums(), together.sums());
  EXPECT_EQ(first.counts(), together.counts());
}

TEST(TrainMeterTest, WithoutSamplesNothingIsKnownAndNothingIsNotANumber) {
  TrainMeter meter;
  EXPECT_THAT(meter.Objective(), Eq(std::nullopt));
  EXPECT_THAT(meter.Top1(), Eq(std::nullopt));
  TrainEpochRecord record;
  meter.Fill(&record);
  EXPECT_EQ(record.loss, 0);
  EXPECT_EQ(record.top1, 0);
  EXPECT_THAT(record.representative_loss, Eq(std::nullopt));
}

TEST(ThroughputMeterTest, IsAllSamplesByAllSecondsNotAMeanOfRates) {
  ThroughputMeter meter;
  meter.Add(300, 1);
  meter.Add(100, 3);
  EXPECT_THAT(meter.ImagesPerSecond(), Optional(100.0));
  EXPECT_THAT(meter.ImagesPerSecondOfRank(4), Optional(25.0));
}

TEST(ThroughputMeterTest, NoSamplesInSomeTimeIsARateOfZero) {
  ThroughputMeter meter;
  meter.Add(0, 2);
  EXPECT_THAT(meter.ImagesPerSecond(), Optional(0.0));
}

TEST(ThroughputMeterTest, WithoutTimeThereIsNoRateRatherThanInfinity) {
  ThroughputMeter meter;
  EXPECT_THAT(meter.ImagesPerSecond(), Eq(std::nullopt));
  meter.Add(10, 0);
  EXPECT_THAT(meter.ImagesPerSecond(), Eq(std::nullopt));
  EXPECT_THAT(meter.ImagesPerSecondOfRank(2), Eq(std::nullopt));
}

}  // namespace
}  // namespace reprise
