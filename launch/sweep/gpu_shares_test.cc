#include "launch/sweep/gpu_shares.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace reprise {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

TEST(GpuShares, AreDisjointAndOfOneSizeWhateverIsLeftOver) {
  EXPECT_THAT(ShareGpus(4, "", 4), ElementsAre("0", "1", "2", "3"));
  EXPECT_THAT(ShareGpus(5, "", 2), ElementsAre("0,1", "2,3"));
}

TEST(GpuShares, KeepTheNamesThatASchedulerGave) {
  EXPECT_THAT(ShareGpus(2, "5,3", 2), ElementsAre("5", "3"));
  EXPECT_THAT(ShareGpus(2, "GPU-8a56,MIG-1f02", 2),
              ElementsAre("GPU-8a56", "MIG-1f02"));
  // 9 is not there: the driver sees what comes before it.
  EXPECT_THAT(ShareGpus(2, "1,0,9,2", 2), ElementsAre("1", "0"));
}

TEST(GpuShares, LeaveAllToAPointThatIsAloneAndWhereThereAreTooFew) {
  EXPECT_THAT(ShareGpus(4, "", 1), IsEmpty());
  EXPECT_THAT(ShareGpus(2, "0,1", 3), IsEmpty());
  EXPECT_THAT(ShareGpus(0, "", 2), IsEmpty());
}

}  // namespace
}  // namespace reprise
