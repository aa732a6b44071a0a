#include "core/metrics/confusion/confusion_matrix.h"

#include <cstdint>
#include <string>
#include <utility>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace reprise {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;

TEST(ConfusionMatrixTest, AddsUpTestSetsThatShareClasses) {
  ConfusionMatrix matrix;
  matrix.Add({{0, 0, 5}, {0, 3, 2}});
  matrix.Add({{0, 3, 1}, {4, kNoClass, 1}, {4, 4, 9}});
  EXPECT_THAT(matrix.TrueClasses(), ElementsAre(0, 4));
  EXPECT_THAT(matrix.PredictedClasses(), ElementsAre(0, 3, 4, kNoClass));
  EXPECT_EQ(matrix.At(0, 3), 3);
  EXPECT_EQ(matrix.At(4, kNoClass), 1);
  EXPECT_EQ(matrix.At(4, 0), 0);
  EXPECT_EQ(matrix.At(3, 3), 0);
  EXPECT_EQ(matrix.RowSum(0), 8);
  EXPECT_EQ(matrix.RowSum(3), 0);
}

TEST(ConfusionMatrixTest, AColumnIsThereForATrueClassThatNobodyPredicts) {
  ConfusionMatrix matrix;
  matrix.Add({{1, 2, 4}});
  EXPECT_THAT(matrix.PredictedClasses(), ElementsAre(1, 2));
}

TestRecord Tested(int64_t task, int64_t test_task, std::string head,
                  ConfusionCounts counts) {
  TestRecord record;
  record.task = task;
  record.test_task = test_task;
  record.epoch = 1;
  record.head = std::move(head);
  record.confusion = std::move(counts);
  return record;
}

TEST(HeadConfusionsTest, EachTaskHasMatricesOfItsOwnByHead) {
  HeadConfusions heads;
  heads.Add(Tested(0, 0, "nme", {{0, 0, 10}}));
  EXPECT_THAT(heads.OfTask(0), SizeIs(1));
  heads.Add(Tested(1, 0, "nme", {{0, 0, 6}, {0, 1, 4}}));
  heads.Add(Tested(1, 0, "logits", {{0, 1, 10}}));
  heads.Add(Tested(1, 1, "nme", {{1, 1, 10}}));
  TestRecord without_counts;
  without_counts.task = 2;
  without_counts.head = "nme";
  heads.Add(without_counts);
  ASSERT_THAT(heads.OfTask(1), SizeIs(2));
  EXPECT_EQ(heads.OfTask(1)[0].name, "nme");
  EXPECT_EQ(heads.OfTask(1)[0].matrix.At(0, 0), 6);
  EXPECT_THAT(heads.OfTask(1)[0].matrix.TrueClasses(), ElementsAre(0, 1));
  EXPECT_EQ(heads.OfTask(1)[1].name, "logits");
  EXPECT_THAT(heads.OfTask(0), IsEmpty());
  EXPECT_THAT(heads.OfTask(2), IsEmpty());
}

}  // namespace
}  // namespace reprise
