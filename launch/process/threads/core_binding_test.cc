#include "launch/process/threads/core_binding.h"

#include <sched.h>

#include <cstdlib>
#include <filesystem>
#include <numeric>
#include <set>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/synchronization/notification.h"
#include "core/base/file.h"
#include "core/base/status.h"
#include "core/base/status_matchers.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "launch/process/launcher_message.h"

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

TEST(ParseRanges, AreWhatRangesOfWrites) {
  EXPECT_THAT(ParseRanges(""), ElementsAre());
  EXPECT_THAT(ParseRanges("5"), ElementsAre(5));
  EXPECT_THAT(ParseRanges("0-3,8,10-11"), ElementsAre(0, 1, 2, 3, 8, 10, 11));
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
      ShareOfRank(CoreBinding::kAuto, 4, OnHost(1, 2), true,
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
            ShareOfRank(CoreBinding::kAuto, cores / ranks, OnHost(rank, ranks),
                        true, FirstCores(cores)));
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
      ShareOfRank(CoreBinding::kCores, 2, OnHost(1, 2), true, {4, 5, 12, 13}));
  EXPECT_TRUE(share.bound);
  EXPECT_THAT(share.cores, ElementsAre(12, 13));
}

TEST(ShareOfRank, IsAllWhereItDoesNotFit) {
  for (const int ranks : {0, 1, 5}) {  // unknown, alone, too many
    REPRISE_ASSERT_OK_AND_ASSIGN(
        const RankCores share,
        ShareOfRank(CoreBinding::kAuto, 1, OnHost(0, ranks), true,
                    FirstCores(4)));
    EXPECT_FALSE(share.bound);
    EXPECT_EQ(share.cores.size(), 4u);
  }
  REPRISE_ASSERT_OK_AND_ASSIGN(
      const RankCores none,
      ShareOfRank(CoreBinding::kNone, 1, OnHost(0, 2), true, FirstCores(4)));
  EXPECT_FALSE(none.bound);
  EXPECT_EQ(none.cores.size(), 4u);
}

TEST(ShareOfRank, IsAnErrorWhereItMustFit) {
  const auto share =
      ShareOfRank(CoreBinding::kCores, 2, OnHost(0, 3), true, FirstCores(4));
  EXPECT_THAT(share, ExitsWith(ExitCode::kUsage));
  EXPECT_THAT(share, FailsWith("3 ranks of 2 threads on this host need 6 "
                               "cores, they may use 4; give fewer"));
}

// Each rank may have cores of its own by then: a slice of them would leave most
// of the host idle.
TEST(ShareOfRank, IsWhatTheRankHasInAJobStartedFromOutside) {
  for (const int ranks : {0, 1, 2, 4}) {
    for (const CoreBinding bind : {CoreBinding::kAuto, CoreBinding::kNone}) {
      REPRISE_ASSERT_OK_AND_ASSIGN(
          const RankCores share,
          ShareOfRank(bind, 1, OnHost(0, ranks), false, {4, 5, 6, 7}));
      EXPECT_FALSE(share.bound);
      EXPECT_THAT(share.cores, ElementsAre(4, 5, 6, 7));
    }
    const auto share = ShareOfRank(CoreBinding::kCores, 1, OnHost(0, ranks),
                                   false, {4, 5, 6, 7});
    if (ranks == 1) {
      REPRISE_EXPECT_OK(share.status());
      continue;
    }
    EXPECT_THAT(share, ExitsWith(ExitCode::kUsage));
    EXPECT_THAT(share, FailsWith("srun --cpu-bind=cores, mpirun --bind-to"));
  }
}

// A folder that says which cores are near which GPUs.
std::string SysWithGpus(
    const std::vector<std::pair<std::string, std::string>>& gpus) {
  const std::string sys = testing::TempDir() + "/sys_with_gpus";
  std::filesystem::remove_all(sys);
  for (const auto& [id, cores] : gpus) {
    const std::string folder = absl::StrCat(sys, "/bus/pci/devices/", id);
    std::filesystem::create_directories(folder);
    REPRISE_EXPECT_OK(ReplaceFile(folder + "/local_cpulist", {cores + "\n"}));
  }
  return sys;
}

RankCores Bound(int cores) {
  RankCores bound;
  bound.bound = true;
  bound.threads = 2;
  bound.of_host = FirstCores(cores);
  return bound;
}

// Ranks by number, GPUs on the sockets in the other order.
TEST(ShareByGpu, IsOnTheSocketOfTheGpu) {
  const std::string sys = SysWithGpus({{"0000:3b:00.0", "8-15"},
                                       {"0000:5e:00.0", "8-15"},
                                       {"0000:af:00.0", "0-7"},
                                       {"0000:d8:00.0", "0-7"}});
  const std::vector<std::string> gpus = {"0000:3b:00.0", "0000:5e:00.0",
                                         "0000:af:00.0", "0000:d8:00.0"};
  std::vector<std::string> cores;
  for (int rank = 0; rank < 4; ++rank) {
    const RankCores share =
        ShareByGpu(CoreBinding::kAuto, Bound(16), rank, gpus, sys);
    EXPECT_TRUE(share.bound);
    EXPECT_EQ(share.threads, 2);
    cores.push_back(RangesOf(share.cores));
  }
  EXPECT_THAT(cores, ElementsAre("8-11", "12-15", "0-3", "4-7"));
}

TEST(ShareByGpu, IsCompletedFromFarWhereFewCoresAreNear) {
  // All GPUs on a socket of which this job has four cores.
  const std::string sys = SysWithGpus({{"a", "0-3,90"}, {"b", "0-3,90"}});
  EXPECT_EQ(
      RangesOf(
          ShareByGpu(CoreBinding::kAuto, Bound(12), 0, {"a", "b"}, sys).cores),
      "0-1,4-7");
  EXPECT_EQ(
      RangesOf(
          ShareByGpu(CoreBinding::kAuto, Bound(12), 1, {"a", "b"}, sys).cores),
      "2-3,8-11");
}

TEST(ShareByGpu, IsByNumberWhereTheKernelDoesNotTell) {
  for (int rank = 0; rank < 3; ++rank) {
    const RankCores share = ShareByGpu(CoreBinding::kAuto, Bound(12), rank,
                                       {"a", "", "c"}, "/does/not/exist");
    EXPECT_EQ(share.cores.front(), 4 * rank);
    EXPECT_EQ(share.cores.size(), 4u);
  }
}

TEST(ShareByGpu, LeavesThemUnboundBelowThreeCoresARank) {
  const std::vector<std::string> gpus = {"a", "b"};
  EXPECT_TRUE(ShareByGpu(CoreBinding::kAuto, Bound(6), 0, gpus, "/none").bound);
  const RankCores unbound =
      ShareByGpu(CoreBinding::kAuto, Bound(5), 0, gpus, "/none");
  EXPECT_FALSE(unbound.bound);
  EXPECT_EQ(unbound.cores.size(), 5u);
  // Asked for by name it holds.
  EXPECT_EQ(
      ShareByGpu(CoreBinding::kCores, Bound(5), 0, gpus, "/none").cores.size(),
      3u);
  // What is not bound stays so.
  EXPECT_FALSE(
      ShareByGpu(CoreBinding::kAuto, RankCores(), 0, gpus, "/none").bound);
}

TEST(BindRankByGpu, HoldsForThreadsThatRunAlready) {
  cpu_set_t before;
  ASSERT_EQ(sched_getaffinity(0, sizeof(before), &before), 0);
  std::vector<int> cores;
  for (int core = 0; core < CPU_SETSIZE; ++core) {
    if (CPU_ISSET(core, &before)) cores.push_back(core);
  }
  if (cores.size() < 2) GTEST_SKIP() << "needs two cores";
  absl::Notification bound;
  std::thread other([&] {
    bound.WaitForNotification();
    cpu_set_t now;
    ASSERT_EQ(sched_getaffinity(0, sizeof(now), &now), 0);
    EXPECT_EQ(CPU_COUNT(&now), 1);
    EXPECT_TRUE(CPU_ISSET(cores[1], &now));
  });
  RankCores share;
  share.bound = true;
  share.of_host = {cores[0], cores[1]};
  share.cores = {cores[0]};
  const auto by_gpu = BindRankByGpu(CoreBinding::kCores, share, 1, {"a", "b"});
  bound.Notify();
  other.join();
  REPRISE_EXPECT_OK(by_gpu.status());
  ASSERT_EQ(sched_setaffinity(0, sizeof(before), &before), 0);
}

TEST(BindRank, HoldsForThisProcessAndItsThreads) {
  cpu_set_t before;
  ASSERT_EQ(sched_getaffinity(0, sizeof(before), &before), 0);
  if (CPU_COUNT(&before) < 2) GTEST_SKIP() << "needs two cores";
  unsetenv(kLauncherVariable);
  REPRISE_ASSERT_OK_AND_ASSIGN(const RankCores outside,
                               BindRank(CoreBinding::kAuto, 1, OnHost(1, 2)));
  EXPECT_FALSE(outside.bound);
  cpu_set_t still;
  ASSERT_EQ(sched_getaffinity(0, sizeof(still), &still), 0);
  EXPECT_TRUE(CPU_EQUAL(&still, &before));
  setenv(kLauncherVariable, kNotOnTerminal, /*overwrite=*/1);
  REPRISE_ASSERT_OK_AND_ASSIGN(const RankCores share,
                               BindRank(CoreBinding::kAuto, 1, OnHost(1, 2)));
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
