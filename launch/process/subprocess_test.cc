#include "launch/process/subprocess.h"

#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "core/base/status.h"
#include "core/base/status_matchers.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace reprise {
namespace {

// All that comes from a pipe; closes it.
std::string ReadAll(int fd) {
  std::string text;
  char byte;
  while (read(fd, &byte, 1) == 1) text += byte;
  close(fd);
  return text;
}

std::vector<std::string> Shell(const char* script) {
  return {"/bin/sh", "-c", script};
}

absl::StatusOr<Subprocess> StartShell(const char* script, int out, int err) {
  Subprocess::Options options;
  options.out = out;
  options.err = err;
  return Subprocess::Start(Shell(script), options);
}

constexpr char kUseAll[] = "cat && echo out && echo err >&2";

// In a process of its own, which has none of the three: pipes get the numbers.
// Ends it with 0 if the child has all three.
void StartWithoutStandardDescriptors() {
  for (const int fd : {0, 1, 2}) close(fd);
  int ends[2];
  if (pipe2(ends, O_CLOEXEC) != 0 || ends[1] != 1) _exit(1);
  const auto child = StartShell(kUseAll, ends[1], ends[1]);
  if (!child.ok()) _exit(2);
  close(ends[1]);
  _exit(ReadAll(ends[0]) == "out\nerr\n" ? 0 : 3);
}

// The same where each has the number that the other is to get.
void StartWithExchangedDescriptors() {
  for (const int fd : {0, 1, 2}) close(fd);
  int of_out[2], of_err[2];
  if (pipe2(of_err, O_CLOEXEC) != 0 || of_err[1] != 1) _exit(1);
  if (pipe2(of_out, O_CLOEXEC) != 0 || of_out[0] != 2) _exit(1);
  const int from_out = fcntl(of_out[0], F_DUPFD_CLOEXEC, 3);
  if (dup3(of_out[1], 2, O_CLOEXEC) != 2) _exit(1);
  close(of_out[1]);
  const auto child = StartShell(kUseAll, /*out=*/2, /*err=*/1);
  if (!child.ok()) _exit(2);
  close(1);
  close(2);
  if (ReadAll(from_out) != "out\n") _exit(3);
  _exit(ReadAll(of_err[0]) == "err\n" ? 0 : 4);
}

// The same with pipes of the child's own.
void RunWithoutStandardDescriptors() {
  for (const int fd : {0, 1, 2}) close(fd);
  const auto finished = RunToEnd(Shell(kUseAll));
  if (!finished.ok() || !finished->end.succeeded()) _exit(1);
  _exit(finished->out == "out\n" && finished->err == "err\n" ? 0 : 2);
}

TEST(Subprocess, GivesWhatIsAskedForWhereStandardDescriptorsWereClosed) {
  EXPECT_EXIT(StartWithoutStandardDescriptors(), testing::ExitedWithCode(0),
              "");
  EXPECT_EXIT(StartWithExchangedDescriptors(), testing::ExitedWithCode(0), "");
  EXPECT_EXIT(RunWithoutStandardDescriptors(), testing::ExitedWithCode(0), "");
}

TEST(Subprocess, RefusesADescriptorThatIsNotOpen) {
  const auto child = StartShell("exit 0", 1, 1 << 20);
  EXPECT_THAT(child.status(), ExitsWith(ExitCode::kDistributed));
  EXPECT_THAT(child.status(), FailsWith("descriptor 2 of a child: "));
}

TEST(Subprocess, SaysWhyAProgramCannotBeRun) {
  const std::string missing = testing::TempDir() + "/missing";
  const auto child = Subprocess::Start({missing}, Subprocess::Options());
  EXPECT_THAT(child.status(), ExitsWith(ExitCode::kDistributed));
  EXPECT_THAT(child.status(),
              FailsWith("cannot start " + missing + ": No such file"));
  const auto folder = Subprocess::Start({"/tmp"}, Subprocess::Options());
  EXPECT_THAT(folder.status(), FailsWith("cannot start /tmp: "));
}

TEST(RunToEnd, ReturnsBothStreamsAndTheExitCode) {
  REPRISE_ASSERT_OK_AND_ASSIGN(
      const FinishedProcess finished,
      RunToEnd(Shell("echo out; echo err >&2; exit 3")));
  EXPECT_EQ(finished.out, "out\n");
  EXPECT_EQ(finished.err, "err\n");
  EXPECT_EQ(finished.end.exit_code(), 3);
  EXPECT_EQ(finished.end.signal(), 0);
  EXPECT_FALSE(finished.end.succeeded());
  EXPECT_EQ(finished.end.Describe(), "ended with code 3");
}

TEST(RunToEnd, ReadsMoreThanAPipeHolds) {
  REPRISE_ASSERT_OK_AND_ASSIGN(
      const FinishedProcess finished,
      RunToEnd(
          Shell("head -c 300000 /dev/zero; head -c 200000 /dev/zero >&2")));
  EXPECT_EQ(finished.out.size(), 300'000u);
  EXPECT_EQ(finished.err.size(), 200'000u);
  EXPECT_TRUE(finished.end.succeeded());
}

TEST(RunToEnd, TellsTheSignalThatKilled) {
  REPRISE_ASSERT_OK_AND_ASSIGN(const FinishedProcess finished,
                               RunToEnd(Shell("kill -KILL $$")));
  EXPECT_EQ(finished.end.exit_code(), std::nullopt);
  EXPECT_EQ(finished.end.signal(), SIGKILL);
  EXPECT_EQ(finished.end.Describe(), "was killed by signal 9");
}

TEST(RunToEnd, EndsWhatTakesLongerThanItsLimit) {
  const absl::Time start = absl::Now();
  const auto finished =
      RunToEnd(Shell("echo begun; exec sleep 100"), absl::Milliseconds(100));
  EXPECT_THAT(finished.status(), ExitsWith(ExitCode::kDistributed));
  EXPECT_THAT(finished.status(), FailsWith("has not ended within 100ms"));
  EXPECT_LT(absl::Now() - start, absl::Seconds(60));
}

TEST(RunToEnd, EndsWhatLivesOnWithItsOutputClosed) {
  const absl::Time start = absl::Now();
  const auto finished =
      RunToEnd(Shell("exec >&- 2>&-; exec sleep 100"), absl::Milliseconds(100));
  EXPECT_THAT(finished.status(), FailsWith("has not ended within 100ms"));
  EXPECT_LT(absl::Now() - start, absl::Seconds(60));
}

TEST(Subprocess, KillsWhatIgnoresSigtermOnceItsPatienceIsOver) {
  Subprocess::Options options;
  options.patience = absl::Milliseconds(50);
  pid_t pid = 0;
  {
    REPRISE_ASSERT_OK_AND_ASSIGN(
        Subprocess process,
        Subprocess::Start(
            Shell("trap '' TERM; echo ready; while :; do sleep 1; "
                  "done"),
            options));
    pid = process.pid();
    std::string text;
    while (text.empty()) process.ReadOut(&text);
    EXPECT_EQ(process.Poll().has_value(), false);
  }
  EXPECT_NE(kill(pid, 0), 0);
}

TEST(Subprocess, HasTheSignalsBlockedThatItIsToHave) {
  Subprocess::Options options;
  options.mask.emplace();
  sigemptyset(&*options.mask);
  sigaddset(&*options.mask, SIGUSR1);
  REPRISE_ASSERT_OK_AND_ASSIGN(
      Subprocess process,
      Subprocess::Start(
          Shell("echo ready; read line </dev/null; kill -USR1 $$; "
                "exit 7"),
          options));
  EXPECT_EQ(process.Wait().exit_code(), 7);
}

TEST(Subprocess, RunsOnTheCoresThatItIsGiven) {
  cpu_set_t own;
  ASSERT_EQ(sched_getaffinity(0, sizeof(own), &own), 0);
  Subprocess::Options options;
  for (int core = 0; options.cores.empty(); ++core) {
    if (CPU_ISSET(core, &own)) options.cores.push_back(core);
  }
  REPRISE_ASSERT_OK_AND_ASSIGN(
      Subprocess process,
      Subprocess::Start(Shell("grep Cpus_allowed_list /proc/self/status"),
                        options));
  std::string text;
  while (process.has_open_pipe())
    process.ReadOut(&text), process.ReadErr(&text);
  EXPECT_TRUE(process.Wait().succeeded());
  EXPECT_EQ(text,
            "Cpus_allowed_list:\t" + std::to_string(options.cores[0]) + "\n");
}

TEST(Subprocess, HasItsVariablesBesideAndInPlaceOfThisProcesses) {
  setenv("CHILD_KEPT", "kept", 1);
  setenv("CHILD_CHANGED", "before", 1);
  Subprocess::Options options;
  options.environment = {{"CHILD_CHANGED", "a=b"}, {"CHILD_ADDED", "new"}};
  REPRISE_ASSERT_OK_AND_ASSIGN(
      Subprocess process,
      Subprocess::Start(Shell("env | grep ^CHILD_ | sort"), options));
  std::string text;
  while (process.has_open_pipe())
    process.ReadOut(&text), process.ReadErr(&text);
  EXPECT_TRUE(process.Wait().succeeded());
  EXPECT_EQ(text, "CHILD_ADDED=new\nCHILD_CHANGED=a=b\nCHILD_KEPT=kept\n");
  EXPECT_STREQ(getenv("CHILD_CHANGED"), "before");
}

// A shell's `trap '' TERM` would otherwise be the child's, too.
TEST(Subprocess, EndsWithItsParentAlsoWhereThatIgnoresSigterm) {
  int ends[2];
  ASSERT_EQ(pipe2(ends, O_CLOEXEC), 0);
  const pid_t parent = fork();
  if (parent == 0) {
    signal(SIGTERM, SIG_IGN);
    auto child = StartShell("echo ready; exec sleep 100", ends[1], ends[1]);
    kill(getpid(), SIGKILL);
  }
  close(ends[1]);
  waitpid(parent, nullptr, 0);
  // The pipe ends once the child has.
  const absl::Time start = absl::Now();
  EXPECT_THAT(ReadAll(ends[0]), testing::AnyOf("ready\n", ""));
  EXPECT_LT(absl::Now() - start, absl::Seconds(60));
}

TEST(Subprocess, SaysSoWhereItCannotBeWaitedFor) {
  const auto before = signal(SIGCHLD, SIG_IGN);  // the kernel reaps
  const auto finished = RunToEnd(Shell("exit 0"));
  signal(SIGCHLD, before);
  REPRISE_ASSERT_OK(finished.status());
  EXPECT_FALSE(finished->end.succeeded());
  EXPECT_EQ(finished->end.exit_code(), std::nullopt);
  EXPECT_THAT(finished->end.Describe(),
              testing::StartsWith("ended in an unknown way (waitpid: "));
}

}  // namespace
}  // namespace reprise
