#include "launch/process/child_process.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <string>

#include "absl/status/statusor.h"
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

absl::StatusOr<pid_t> StartShell(const char* script, int out, int err) {
  sigset_t none;
  sigemptyset(&none);
  return StartChild({"/bin/sh", "-c", script}, out, err, none);
}

constexpr char kUseAll[] = "cat && echo out && echo err >&2";

// In a process of its own, which has none of the three: pipes get the numbers.
// Ends it with 0 if the child has all three.
void StartWithoutStandardDescriptors() {
  for (const int fd : {0, 1, 2}) close(fd);
  int ends[2];
  if (pipe2(ends, O_CLOEXEC) != 0 || ends[1] != 1) _exit(1);
  if (!StartShell(kUseAll, ends[1], ends[1]).ok()) _exit(2);
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
  if (!StartShell(kUseAll, /*out=*/2, /*err=*/1).ok()) _exit(2);
  close(1);
  close(2);
  if (ReadAll(from_out) != "out\n") _exit(3);
  _exit(ReadAll(of_err[0]) == "err\n" ? 0 : 4);
}

TEST(StartChild, GivesWhatIsAskedForWhereStandardDescriptorsWereClosed) {
  EXPECT_EXIT(StartWithoutStandardDescriptors(), testing::ExitedWithCode(0),
              "");
  EXPECT_EXIT(StartWithExchangedDescriptors(), testing::ExitedWithCode(0), "");
}

TEST(StartChild, RefusesADescriptorThatIsNotOpen) {
  const auto child = StartShell("exit 0", 1, 1 << 20);
  EXPECT_THAT(child, ExitsWith(ExitCode::kDistributed));
  EXPECT_THAT(child, FailsWith("descriptor 2 of a child: "));
}

TEST(StartChild, EndsWith127WithoutAProgram) {
  sigset_t none;
  sigemptyset(&none);
  REPRISE_ASSERT_OK_AND_ASSIGN(const pid_t child,
                               StartChild({"/does/not/exist"}, 1, 2, none));
  int status = 0;
  ASSERT_EQ(waitpid(child, &status, 0), child);
  EXPECT_EQ(WEXITSTATUS(status), 127);
}

}  // namespace
}  // namespace reprise
