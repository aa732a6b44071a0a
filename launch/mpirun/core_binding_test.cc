#include "launch/mpirun/core_binding.h"

#include <sched.h>

#include <cstdlib>
#include <filesystem>
#include <numeric>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "absl/strings/str_cat.h"
#include "core/base/file.h"
#include "core/base/status.h"
#include "core/base/status_matchers.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "launch/mpirun/launcher_message.h"

namespace reprise {
namespace {

using testing::ElementsAre;

std::vector<int> FirstCores(int count) {
  std::vector<int> cores(count);
  std::iota(cores.begin(), cores.end(), 0);
  return cores;
}

// Of job-wide numbers only those of the host matter.
RankPlace OnHost(int local_rank, int local_size) {
  return {local_rank, local_size, local_rank, local_size};
}

TEST(RangesOf, AreShort) {
  EXPECT_EQ(RangesOf({}), "");
  EXPECT_EQ(RangesOf({5}), "5");
  EXPECT_EQ(RangesOf({0, 1, 2, 3, 8, 10, 11}), "0-3,8,10-11");
}

// Two sockets of two cores of two hardware threads, numbered as Linux does on
// Intel's processors: 0 to 3 are the first threads of all cores.
TEST(InOrderOfSockets, PutsThreadsOfACoreTogether) {
  const std::string sys = testing::TempDir() + "/sys";
  for (int core = 0; core < 8; ++core) {
    const std::string folder =
        absl::StrCat(sys, "/devices/system/cpu/cpu", core, "/topology");
    std::filesystem::create_directories(folder);
    REPRISE_ASSERT_OK(ReplaceFile(folder + "/physical_package_id",
                                  {core % 2 == 0 ? "0\n" : "1\n"}));
    REPRISE_ASSERT_OK(
        ReplaceFile(folder + "/core_id", {core % 4 < 2 ? "0\n" : "1\n"}));
  }
  EXPECT_THAT(InOrderOfSockets(FirstCores(8), sys),
              ElementsAre(0, 4, 2, 6, 1, 5, 3, 7));
  EXPECT_THAT(InOrderOfSockets({1, 2, 5, 6}, sys), ElementsAre(2, 6, 1, 5));
  // Two ranks: a socket each, no core of both.
  REPRISE_ASSERT_OK_AND_ASSIGN(
      const RankCores second,
      ShareOfRank("auto", 4, OnHost(1, 2), true,
                  InOrderOfSockets(FirstCores(8), sys)));
  EXPECT_THAT(second.cores, ElementsAre(1, 3, 5, 7));
}

TEST(InOrderOfSockets, KeepsNumbersWhereNothingIsKnown) {
  EXPECT_THAT(InOrderOfSockets({3, 1, 2}, "/does/not/exist"),
              ElementsAre(1, 2, 3));
}

TEST(ShareOfRank, IsItsOwnAndAllAreShared) {
  for (const int cores : {1, 2, 3, 7, 16, 48}) {
    for (int ranks = 2; ranks <= cores; ++ranks) {
      std::set<int> shared;
      for (int rank = 0; rank < ranks; ++rank) {
        REPRISE_ASSERT_OK_AND_ASSIGN(
            const RankCores share,
            ShareOfRank("auto", cores / ranks, OnHost(rank, ranks), true,
                        FirstCores(cores)));
        EXPECT_TRUE(share.bound);
        EXPECT_GE(static_cast<int>(share.cores.size()), cores / ranks);
        EXPECT_EQ(share.cores.back() - share.cores.front() + 1,
                  static_cast<int>(share.cores.size()));
        for (const int core : share.cores) {
          EXPECT_TRUE(shared.insert(core).second) << "core " << core;
        }
      }
      EXPECT_EQ(static_cast<int>(shared.size()), cores);
    }
  }
}

TEST(ShareOfRank, IsOfTheCoresThatMayBeUsed) {
  REPRISE_ASSERT_OK_AND_ASSIGN(
      const RankCores share,
      ShareOfRank("cores", 2, OnHost(1, 2), true, {4, 5, 12, 13}));
  EXPECT_TRUE(share.bound);
  EXPECT_THAT(share.cores, ElementsAre(12, 13));
}

TEST(ShareOfRank, IsAllWhereItDoesNotFit) {
  for (const int ranks : {0, 1, 5}) {  // unknown, alone, too many
    REPRISE_ASSERT_OK_AND_ASSIGN(
        const RankCores share,
        ShareOfRank("auto", 1, OnHost(0, ranks), true, FirstCores(4)));
    EXPECT_FALSE(share.bound);
    EXPECT_EQ(share.cores.size(), 4u);
  }
  REPRISE_ASSERT_OK_AND_ASSIGN(
      const RankCores none,
      ShareOfRank("none", 1, OnHost(0, 2), true, FirstCores(4)));
  EXPECT_FALSE(none.bound);
  EXPECT_EQ(none.cores.size(), 4u);
}

TEST(ShareOfRank, IsAnErrorWhereItMustFit) {
  const auto share = ShareOfRank("cores", 2, OnHost(0, 3), true, FirstCores(4));
  EXPECT_THAT(share, ExitsWith(ExitCode::kUsage));
  EXPECT_THAT(share, FailsWith("3 ranks of 2 threads on this host need 6 "
                               "cores, they may use 4; give fewer"));
}

// Each rank may have cores of its own by then: a slice of them would leave most
// of the host idle.
TEST(ShareOfRank, IsWhatTheRankHasInAJobStartedFromOutside) {
  for (const int ranks : {0, 1, 2, 4}) {
    for (const char* bind : {"auto", "none"}) {
      REPRISE_ASSERT_OK_AND_ASSIGN(
          const RankCores share,
          ShareOfRank(bind, 1, OnHost(0, ranks), false, {4, 5, 6, 7}));
      EXPECT_FALSE(share.bound);
      EXPECT_THAT(share.cores, ElementsAre(4, 5, 6, 7));
    }
    const auto share =
        ShareOfRank("cores", 1, OnHost(0, ranks), false, {4, 5, 6, 7});
    if (ranks == 1) {
      REPRISE_EXPECT_OK(share.status());
      continue;
    }
    EXPECT_THAT(share, ExitsWith(ExitCode::kUsage));
    EXPECT_THAT(share, FailsWith("srun --cpu-bind=cores, mpirun --bind-to"));
  }
}

TEST(BindRank, HoldsForThisProcessAndItsThreads) {
  cpu_set_t before;
  ASSERT_EQ(sched_getaffinity(0, sizeof(before), &before), 0);
  if (CPU_COUNT(&before) < 2) GTEST_SKIP() << "needs two cores";
  unsetenv(kLauncherVariable);
  REPRISE_ASSERT_OK_AND_ASSIGN(const RankCores outside,
                               BindRank("auto", 1, OnHost(1, 2)));
  EXPECT_FALSE(outside.bound);
  cpu_set_t still;
  ASSERT_EQ(sched_getaffinity(0, sizeof(still), &still), 0);
  EXPECT_TRUE(CPU_EQUAL(&still, &before));
  setenv(kLauncherVariable, kNotOnTerminal, /*overwrite=*/1);
  REPRISE_ASSERT_OK_AND_ASSIGN(const RankCores share,
                               BindRank("auto", 1, OnHost(1, 2)));
  unsetenv(kLauncherVariable);
  EXPECT_TRUE(share.bound);
  std::thread([&] {
    cpu_set_t now;
    ASSERT_EQ(sched_getaffinity(0, sizeof(now), &now), 0);
    EXPECT_EQ(CPU_COUNT(&now), static_cast<int>(share.cores.size()));
    for (const int core : share.cores) EXPECT_TRUE(CPU_ISSET(core, &now));
  }).join();
  ASSERT_EQ(sched_setaffinity(0, sizeof(before), &before), 0);
}

}  // namespace
}  // namespace reprise
