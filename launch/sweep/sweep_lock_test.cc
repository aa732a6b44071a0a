#include "launch/sweep/sweep_lock.h"

#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <optional>
#include <string>

#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "core/base/status.h"
#include "core/base/status_matchers.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace reprise {
namespace {

TEST(SweepLock, IsOneProcesssUntilItGoes) {
  const std::string folder = testing::TempDir() + "/one/sweep";
  {
    const auto first = SweepLock::Take(folder, absl::ZeroDuration());
    REPRISE_ASSERT_OK(first.status());
    const auto second = SweepLock::Take(folder, absl::InfiniteDuration());
    EXPECT_THAT(second, ExitsWith(ExitCode::kUsage));
    EXPECT_THAT(second.status(),
                FailsWith(absl::StrCat("another sweep is at work in ", folder,
                                       ": process ", getpid())));
  }
  EXPECT_THAT(SweepLock::Take(folder, absl::ZeroDuration()), IsOk());
}

// The process that took it is gone; one that it had started is not.
TEST(SweepLock, IsWaitedForWhileRunsOfAKilledSweepEnd) {
  const std::string folder = testing::TempDir() + "/orphans/sweep";
  int from_run[2], to_run[2];
  ASSERT_EQ(pipe(from_run), 0);
  ASSERT_EQ(pipe(to_run), 0);
  const pid_t sweep = fork();
  if (sweep == 0) {
    const auto lock = SweepLock::Take(folder, absl::ZeroDuration());
    if (fork() == 0) {
      char byte = 0;
      close(to_run[1]);
      (void)!write(from_run[1], &byte, 1);
      (void)!read(to_run[0], &byte, 1);
      _exit(0);
    }
    kill(getpid(), SIGKILL);
  }
  char byte = 0;
  ASSERT_EQ(read(from_run[0], &byte, 1), 1);
  waitpid(sweep, nullptr, 0);
  const auto refused = SweepLock::Take(folder, absl::Milliseconds(100));
  EXPECT_THAT(refused.status(),
              FailsWith("which has ended, but not all of its runs"));
  close(to_run[1]);
  EXPECT_THAT(SweepLock::Take(folder, absl::Seconds(60)), IsOk());
}

}  // namespace
}  // namespace reprise
