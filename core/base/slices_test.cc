#include "core/base/slices.h"

#include "gtest/gtest.h"

namespace reprise {
namespace {

TEST(SliceBegin, GivesTheRemainderToTheLowRanks) {
  EXPECT_EQ(SliceBegin(20, 0, 3), 0);
  EXPECT_EQ(SliceBegin(20, 1, 3), 7);
  EXPECT_EQ(SliceBegin(20, 2, 3), 14);
  EXPECT_EQ(SliceBegin(20, 3, 3), 20);
}

TEST(RankOfItem, IsTheRankWhoseSliceHoldsIt) {
  for (const int world_size : {1, 2, 3, 7}) {
    for (int64_t total = 0; total < 30; ++total) {
      int64_t items = 0;
      for (int rank = 0; rank < world_size; ++rank) {
        const int64_t begin = SliceBegin(total, rank, world_size);
        const int64_t size = SliceSize(total, rank, world_size);
        for (int64_t item = begin; item < begin + size; ++item, ++items) {
          EXPECT_EQ(RankOfItem(item, total, world_size), rank)
              << item << " of " << total << " on " << world_size;
        }
      }
      EXPECT_EQ(items, total);
    }
  }
}

}  // namespace
}  // namespace reprise
