#include "launch/process/threads/thread_count.h"

#include <cstdlib>

#include "core/base/cores.h"
#include "gtest/gtest.h"

namespace reprise {
namespace {

TEST(ThreadsOfRank, AreItsPartOfWhatRanksOfAHostMayUse) {
  unsetenv("OMP_NUM_THREADS");
  const int own = UsableCores();
  EXPECT_EQ(ThreadsOfRank(3, 4, 16), 3);
  EXPECT_EQ(ThreadsOfRank(0, 1, own), own);
  EXPECT_EQ(ThreadsOfRank(0, own + 1, own), 1);
  EXPECT_EQ(ThreadsOfRank(0, 0, 0), 1);
  // Ranks that srun gave their own cores, here as many as this process has.
  EXPECT_EQ(ThreadsOfRank(0, 4, 4 * own), own);
  EXPECT_EQ(ThreadsOfRank(0, 4, 40 * own), own);
  setenv("OMP_NUM_THREADS", "5", /*overwrite=*/1);
  EXPECT_EQ(ThreadsOfRank(0, 4, 16), 5);
  unsetenv("OMP_NUM_THREADS");
}

}  // namespace
}  // namespace reprise
