#include "core/metrics/confusion/confusion_counter.h"

#include <cstdint>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace reprise {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

TEST(ConfusionCounterTest, CountsEachPairOfClasses) {
  ConfusionCounter counter({2, 7}, /*num_classes=*/10);
  EXPECT_THAT(counter.NonZero(), IsEmpty());
  counter.Add(7, 0);
  counter.Add(2, 2);
  counter.Add(7, kNoClass);
  counter.Add(2, 9);
  counter.Add(2, 2);
  EXPECT_THAT(
      counter.NonZero(),
      ElementsAre(ConfusionCount{2, 2, 2}, ConfusionCount{2, 9, 1},
                  ConfusionCount{7, 0, 1}, ConfusionCount{7, kNoClass, 1}));
}

TEST(ConfusionCounterTest, SumsOfRanksAreTheCountsOfAll) {
  ConfusionCounter all({0, 1, 4}, 5),
      ranks[2] = {{{0, 1, 4}, 5}, {{0, 1, 4}, 5}};
  const int64_t classes[] = {0, 1, 4};
  for (int i = 0; i < 60; ++i) {
    const int64_t true_class = classes[i % 3], predicted = i * i % 6 - 1;
    all.Add(true_class, predicted);
    ranks[i % 2].Add(true_class, predicted);
  }
  ASSERT_EQ(ranks[0].counts().size(), ranks[1].counts().size());
  for (size_t i = 0; i < ranks[0].counts().size(); ++i) {
    ranks[0].counts()[i] += ranks[1].counts()[i];
  }
  EXPECT_EQ(ranks[0].NonZero(), all.NonZero());
}

TEST(ConfusionCounterTest, NoClassesAreNoCounts) {
  ConfusionCounter counter({}, 10);
  EXPECT_THAT(counter.counts(), IsEmpty());
  EXPECT_THAT(counter.NonZero(), IsEmpty());
}

TEST(ConfusionCounterDeathTest, AClassWithoutARowIsABrokenInvariant) {
  ConfusionCounter counter({2}, 3);
  EXPECT_DEATH(counter.Add(1, 0), "class 1 has no row");
  EXPECT_DEATH(counter.Add(2, 3), "class 3 of 3");
}

}  // namespace
}  // namespace reprise
