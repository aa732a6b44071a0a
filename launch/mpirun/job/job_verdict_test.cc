#include "launch/mpirun/job/job_verdict.h"

#include <signal.h>

#include <optional>
#include <string>

#include "absl/strings/str_cat.h"
#include "core/base/status.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "launch/mpirun/job/mpirun_report.h"
#include "launch/process/subprocess.h"

namespace reprise {
namespace {

using testing::HasSubstr;

constexpr int kDistributed = static_cast<int>(ExitCode::kDistributed);

// What two ranks on one host have reported: completion with these codes.
MpirunReport Report(std::optional<int> first, std::optional<int> second) {
  MpirunReport report;
  int rank = 0;
  for (const std::optional<int>& code : {first, second}) {
    report.Consume(absl::StrCat("\x1estarted ", rank, " ", 10 + rank, " h\n"));
    if (code.has_value()) {
      report.Consume(
          absl::StrCat("\x1e", "completed ", rank, " ", *code, "\n"));
    }
    ++rank;
  }
  return report;
}

JobEnd EndedWith(int exit_code) {
  JobEnd end;
  end.ranks = 2;
  end.mpirun = 7;
  end.mpirun_end.status = exit_code << 8;  // as waitpid has it
  return end;
}

TEST(JudgeJob, IsZeroWhereAllRanksCompletedWithZero) {
  const JobVerdict verdict = JudgeJob(Report(0, 0), EndedWith(0));
  EXPECT_EQ(verdict.exit_code, 0);
  EXPECT_EQ(verdict.line, "");
}

TEST(JudgeJob, TakesTheCodeOfARankThatHasSaidWhyItself) {
  const JobVerdict verdict = JudgeJob(Report(0, 3), EndedWith(3));
  EXPECT_EQ(verdict.exit_code, 3);
  EXPECT_EQ(verdict.line, "");
}

TEST(JudgeJob, MakesACodeThatIsNotDocumentedADistributedFailure) {
  EXPECT_EQ(JudgeJob(Report(0, 42), EndedWith(42)).exit_code, kDistributed);
}

TEST(JudgeJob, NamesARankThatDidNotComplete) {
  const JobVerdict verdict = JudgeJob(Report(0, std::nullopt), EndedWith(0));
  EXPECT_EQ(verdict.exit_code, kDistributed);
  EXPECT_THAT(verdict.line, HasSubstr("rank 1 (host h, pid 11)"));
}

TEST(JudgeJob, NamesTheRankThatTheLauncherMissedFirst) {
  JobEnd end = EndedWith(1);
  end.missed_rank = 1;
  EXPECT_THAT(JudgeJob(Report(std::nullopt, std::nullopt), end).line,
              HasSubstr("rank 1 (host h, pid 11)"));
}

TEST(JudgeJob, SaysThatMpirunWasKilled) {
  JobEnd end = EndedWith(0);
  end.mpirun_end.status = SIGKILL;
  const JobVerdict verdict = JudgeJob(Report(std::nullopt, std::nullopt), end);
  EXPECT_EQ(verdict.exit_code, kDistributed);
  EXPECT_EQ(verdict.line, "mpirun (pid 7) was killed by signal 9 (Killed)");
}

TEST(JudgeJob, SaysHowManyRanksHadStartedWhereNoneIsToBlame) {
  const JobVerdict verdict = JudgeJob(MpirunReport(), EndedWith(213));
  EXPECT_EQ(verdict.exit_code, kDistributed);
  EXPECT_EQ(verdict.line,
            "mpirun ended with code 213 and 0 of 2 ranks had started");
}

}  // namespace
}  // namespace reprise
