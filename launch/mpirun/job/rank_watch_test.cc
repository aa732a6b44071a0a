#include "launch/mpirun/job/rank_watch.h"

#include <poll.h>
#include <signal.h>

#include <optional>
#include <string>
#include <vector>

#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "core/base/status_matchers.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "launch/mpirun/job/mpirun_report.h"
#include "launch/process/subprocess.h"

namespace reprise {
namespace {

MpirunReport::Rank OnHost(const std::string& host, int64_t pid) {
  MpirunReport::Rank rank;
  rank.host = host;
  rank.pid = pid;
  return rank;
}

TEST(RankWatch, MissesARankThatEndsWithoutHavingCompleted) {
  REPRISE_ASSERT_OK_AND_ASSIGN(
      Subprocess process, Subprocess::Start({"/bin/sh", "-c", "exec sleep 100"},
                                            Subprocess::Options()));
  ReportedRanks reported;
  reported[0] = OnHost("elsewhere", 1);
  reported[1] = OnHost("here", process.pid());
  RankWatch watch("here");
  watch.Update(reported);
  std::vector<pollfd> events;
  watch.AddTo(&events);
  if (events.empty()) GTEST_SKIP() << "no descriptors of processes here";
  EXPECT_EQ(events.size(), 1u);  // not of the other host's
  EXPECT_EQ(watch.NextMissed(reported), absl::InfiniteFuture());
  EXPECT_FALSE(watch.Signal(0, SIGTERM));
  EXPECT_TRUE(watch.Signal(1, SIGTERM));
  EXPECT_EQ(poll(events.data(), 1, 60'000), 1);
  watch.Update(reported);
  EXPECT_FALSE(watch.Signal(1, SIGTERM));
  EXPECT_EQ(watch.FindMissed(reported), std::nullopt);  // its message may come
  const absl::Time missed = watch.NextMissed(reported);
  EXPECT_LE(missed, absl::Now() + kRankIsMissed);
  absl::SleepFor(missed - absl::Now());
  EXPECT_EQ(watch.FindMissed(reported), 1);
  reported[1].completed = 0;
  EXPECT_EQ(watch.FindMissed(reported), std::nullopt);
  EXPECT_EQ(watch.NextMissed(reported), absl::InfiniteFuture());
  EXPECT_EQ(process.Wait().signal(), SIGTERM);
}

TEST(RankWatch, KillsAllThatItWatches) {
  REPRISE_ASSERT_OK_AND_ASSIGN(
      Subprocess process, Subprocess::Start({"/bin/sh", "-c", "exec sleep 100"},
                                            Subprocess::Options()));
  RankWatch watch("here");
  watch.Update({{0, OnHost("here", process.pid())}});
  std::vector<pollfd> events;
  watch.AddTo(&events);
  if (events.empty()) GTEST_SKIP() << "no descriptors of processes here";
  watch.KillAll();
  EXPECT_EQ(process.Wait().signal(), SIGKILL);
}

}  // namespace
}  // namespace reprise
