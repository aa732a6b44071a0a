#include "launch/data/dataset_table.h"

#include <set>
#include <string>

#include "data/dataset.h"
#include "gtest/gtest.h"
#include "launch/data/rows/dataset_row.h"
#include "models/input_shape.h"

namespace reprise {
namespace {

TEST(DatasetTable, HasARowOfEachName) {
  std::set<std::string> names;
  for (const DatasetRow& row : DatasetTable()) {
    EXPECT_TRUE(names.insert(row.name).second) << row.name;
    EXPECT_EQ(FindDatasetRow(row.name), &row);
  }
  EXPECT_EQ(FindDatasetRow("imagenet"), nullptr);
  EXPECT_EQ(FindDatasetRow(""), nullptr);
}

TEST(DatasetTable, SaysOfEachRowWhatIsGeneratedForIt) {
  for (const DatasetRow& row : DatasetTable()) {
    const DatasetPair pair = row.generate(/*seed=*/1, /*quick=*/true);
    EXPECT_EQ(pair.name, row.name);
    EXPECT_TRUE(pair.generated);
    const RowFormat& format = pair.train->format;
    EXPECT_EQ(TextOf({format.channels, format.height, format.width}),
              TextOf(row.shape));
    EXPECT_GE(pair.train->size(), row.quick.train_samples_per_task);
    EXPECT_GE(pair.test->size(), row.quick.test_samples_per_task);
  }
}

TEST(DatasetTable, CanFetchWhatItDoesNotSayHowToGetByHand) {
  for (const DatasetRow& row : DatasetTable()) {
    EXPECT_NE(row.by_hand.empty(), row.files.empty()) << row.name;
    EXPECT_EQ(row.by_hand.empty(), row.install != nullptr) << row.name;
  }
}

}  // namespace
}  // namespace reprise
