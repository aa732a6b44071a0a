#include "launch/sweep/core_shares.h"

#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace reprise {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

TEST(CoreShares, AreDisjointAndOfOneSizeWhateverIsLeftOver) {
  const CoreShares shares = ShareCores({0, 4, 1, 5, 2}, 5, 2);
  EXPECT_EQ(shares.cores_per_point, 2);
  EXPECT_THAT(shares.slices, ElementsAre(ElementsAre(0, 4), ElementsAre(1, 5)));
}

TEST(CoreShares, LeaveAPointThatIsAloneUnbound) {
  const CoreShares shares = ShareCores({0, 1, 2}, 3, 1);
  EXPECT_THAT(shares.slices, IsEmpty());
  EXPECT_EQ(shares.cores_per_point, 3);
}

TEST(CoreShares, BindNobodyUnderAQuotaOrWhereThereAreTooFewCores) {
  const CoreShares quota = ShareCores({0, 1, 2, 3, 4, 5, 6, 7}, 4, 2);
  EXPECT_THAT(quota.slices, IsEmpty());
  EXPECT_EQ(quota.cores_per_point, 2);
  const CoreShares few = ShareCores({0, 1}, 2, 5);
  EXPECT_THAT(few.slices, IsEmpty());
  EXPECT_EQ(few.cores_per_point, 1);
  EXPECT_THAT(ShareCores({}, 8, 2).slices, IsEmpty());
}

TEST(CoreShares, RanksShareTheCoresOfTheirPoint) {
  const CoreShares shares = ShareCores({}, 8, 2);
  EXPECT_EQ(ThreadsWithin(shares, 1), 4);
  EXPECT_EQ(ThreadsWithin(shares, 2), 2);
  EXPECT_EQ(ThreadsWithin(shares, 9), 1);
}

TEST(CoreShares, RanksHaveAThreadEachAtLeast) {
  EXPECT_EQ(LeastThreads(3, 2), 6);
  EXPECT_EQ(LeastThreads(4, 0), 4);
}

}  // namespace
}  // namespace reprise
