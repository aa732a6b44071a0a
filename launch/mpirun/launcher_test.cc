// The launcher with the real mpirun and ranks that fail in every way.
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "core/base/file.h"
#include "core/base/status_matchers.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

extern char** environ;

namespace reprise {
namespace {

using testing::ContainsRegex;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;
using testing::UnorderedElementsAre;

struct Outcome {
  int status = 0;  // of waitpid
  std::string out, err;
  absl::Duration took;
  int code() const { return WIFEXITED(status) ? WEXITSTATUS(status) : -1; }
};

class Program {
 public:
  explicit Program(std::vector<std::string> arguments,
                   const std::vector<int>& closed = {}) {
    const std::string folder = testing::TempDir();
    static int number = 0;
    out_ = absl::StrCat(folder, "/out", ++number);
    err_ = absl::StrCat(folder, "/err", number);
    arguments.insert(
        arguments.begin(),
        absl::StrCat(getenv("TEST_SRCDIR"), "/", getenv("TEST_WORKSPACE"),
                     "/launch/mpirun/launcher_test_program"));
    std::vector<char*> pointers;
    for (std::string& argument : arguments) pointers.push_back(argument.data());
    pointers.push_back(nullptr);
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    const int flags = O_WRONLY | O_CREAT | O_TRUNC;
    posix_spawn_file_actions_addopen(&actions, 1, out_.c_str(), flags, 0644);
    posix_spawn_file_actions_addopen(&actions, 2, err_.c_str(), flags, 0644);
    for (const int fd : closed) posix_spawn_file_actions_addclose(&actions, fd);
    started_ = absl::Now();
    EXPECT_EQ(posix_spawn(&pid_, pointers[0], &actions, nullptr,
                          pointers.data(), environ),
              0);
    posix_spawn_file_actions_destroy(&actions);
  }

  pid_t pid() const { return pid_; }

  static std::string Read(const std::string& path) {
    const auto text = ReadWholeFile(path);
    return text.ok() ? *text : "";
  }

  // The process ids that `ranks` ranks print, once all have.
  std::vector<pid_t> WaitForRanks(size_t ranks) {
    std::vector<pid_t> pids;
    for (const absl::Time end = absl::Now() + absl::Seconds(30);
         pids.size() < ranks && absl::Now() < end;
         absl::SleepFor(absl::Milliseconds(20))) {
      pids.clear();
      for (const absl::string_view line :
           absl::StrSplit(Read(out_), '\n', absl::SkipEmpty())) {
        int pid = 0;
        if (absl::SimpleAtoi(line.substr(strlen("pid ")), &pid)) {
          pids.push_back(pid);
        }
      }
    }
    EXPECT_EQ(pids.size(), ranks);
    return pids;
  }

  Outcome Wait() {
    Outcome outcome;
    EXPECT_EQ(waitpid(pid_, &outcome.status, 0), pid_);
    outcome.took = absl::Now() - started_;
    outcome.out = Read(out_);
    outcome.err = Read(err_);
    return outcome;
  }

 private:
  std::string out_, err_;
  absl::Time started_;
  pid_t pid_ = 0;
};

Outcome RunProgram(std::vector<std::string> arguments) {
  return Program(std::move(arguments)).Wait();
}

// A process ends soon after its parent is killed, not at once.
bool IsGoneWithin(pid_t pid, absl::Duration limit) {
  for (const absl::Time end = absl::Now() + limit; absl::Now() < end;
       absl::SleepFor(absl::Milliseconds(20))) {
    if (kill(pid, 0) != 0) return true;
  }
  return false;
}

// 0: none. Not every kernel has /proc/PID/task/PID/children.
pid_t ChildOf(pid_t parent) {
  for (const auto& entry : std::filesystem::directory_iterator("/proc")) {
    pid_t pid = 0;
    if (!absl::SimpleAtoi(entry.path().filename().string(), &pid)) continue;
    // "PID (NAME) STATE PARENT ..."
    std::ifstream stat(entry.path() / "stat");
    std::string line;
    std::getline(stat, line);
    const size_t name_end = line.rfind(") ");
    if (name_end == std::string::npos) continue;
    const std::vector<std::string> fields =
        absl::StrSplit(line.substr(name_end + 2), ' ');
    pid_t its_parent = 0;
    if (fields.size() > 1 && absl::SimpleAtoi(fields[1], &its_parent) &&
        its_parent == parent) {
      return pid;
    }
  }
  return 0;
}

// The line about rank 1, with nothing of mpirun's own reports around it.
void ExpectOneLine(const Outcome& outcome, const std::string& how) {
  EXPECT_THAT(outcome.err, ContainsRegex(absl::StrCat(
                               "(^|\n)?reprise: rank 1 \\(host [^ ]+, "
                               "pid [0-9]+\\) ",
                               how)));
  EXPECT_THAT(outcome.err, HasSubstr("; the job has ended\n"));
  EXPECT_THAT(outcome.err, Not(HasSubstr("-----")));
  EXPECT_THAT(outcome.err, Not(HasSubstr("\x1e")));
}

TEST(Launcher, ReturnsZeroWhenAllRanksComplete) {
  const Outcome outcome = RunProgram({"3", "nothing", "1"});
  EXPECT_EQ(outcome.code(), 0) << outcome.err;
  EXPECT_EQ(outcome.err, "rank 1: here comes nothing");
}

TEST(Launcher, RunsWhateverItsParentHasLeftIt) {
  const auto before = signal(SIGCHLD, SIG_IGN);  // inherited
  Program program({"2", "speak", "1"}, /*closed=*/{0, 1});
  signal(SIGCHLD, before);
  const Outcome outcome = program.Wait();
  EXPECT_EQ(outcome.code(), 0) << outcome.err;
  EXPECT_THAT(outcome.err, HasSubstr("rank 1: here comes speak"));
}

// Two hosts that do not exist, of which mpirun would ask the second.
TEST(Launcher, StaysOnThisHostWithinABatchJob) {
  const std::vector<std::pair<const char*, const char*>> job = {
      {"SLURM_JOBID", "7"},
      {"SLURM_JOB_ID", "7"},
      {"SLURM_NODELIST", "no-such-host-1,no-such-host-2"},
      {"SLURM_TASKS_PER_NODE", "1(x2)"}};
  for (const auto& [name, value] : job) setenv(name, value, /*overwrite=*/1);
  const Outcome outcome = RunProgram({"2", "nothing", "1"});
  for (const auto& [name, value] : job) unsetenv(name);
  EXPECT_EQ(outcome.code(), 0) << outcome.err;
}

TEST(Launcher, PassesEveryArgumentUnchanged) {
  const Outcome outcome = RunProgram(
      {"2",          "echo",      "0",         "--agent-config={'a': \"b\"}",
       "--help",     "-np",       "7",         "--version",
       "-x",         "A=b",       "--mca",     "a",
       "b",          "",          "two words", "\xC3\xA9",
       "$HOME;`ls`", "--bind-to", "core",      "--hosts=a:2,b:2",
       "--prefix",   "/nowhere"});
  EXPECT_EQ(outcome.code(), 0) << outcome.err;
  EXPECT_EQ(outcome.out,
            "[--agent-config={'a': \"b\"}][--help][-np][7][--version][-x][A=b]"
            "[--mca][a][b][][two words][\xC3\xA9][$HOME;`ls`][--bind-to][core]"
            "[--hosts=a:2,b:2][--prefix][/nowhere]\n");
}

// The last lines of two ranks come in any order.
std::vector<std::string> LinesOf(const std::string& text) {
  return absl::StrSplit(text, '\n', absl::SkipEmpty());
}

TEST(Launcher, LeavesRankZeroAloneAndPrefixesTheOthers) {
  Outcome outcome = RunProgram({"3", "--output=prefixed", "speak", "7"});
  EXPECT_EQ(outcome.code(), 0) << outcome.err;
  EXPECT_EQ(outcome.out, "stdout of 0\n");
  EXPECT_THAT(LinesOf(outcome.err),
              UnorderedElementsAre("begun by 0", "rank 0: warning: of the log",
                                   "rank 1: stdout of 1", "rank 1: begun by 1",
                                   "rank 1: warning: of the log",
                                   "rank 2: stdout of 2", "rank 2: begun by 2",
                                   "rank 2: warning: of the log"));
  outcome = RunProgram({"2", "--output=plain", "speak", "7"});
  EXPECT_THAT(LinesOf(outcome.out),
              UnorderedElementsAre("stdout of 0", "stdout of 1"));
}

TEST(Launcher, KeepsLinesOfARankInItsFile) {
  const std::string folder = testing::TempDir() + "/made by ranks";
  Outcome outcome = RunProgram({"3", "--output=files", "speak", "7", folder});
  EXPECT_EQ(outcome.code(), 0) << outcome.err;
  EXPECT_EQ(outcome.out, "stdout of 0\n");
  EXPECT_THAT(LinesOf(outcome.err),
              UnorderedElementsAre("begun by 0", "rank 0: warning: of the log",
                                   "rank 1: warning: of the log",
                                   "rank 2: warning: of the log"));
  for (const std::string rank : {"1", "2"}) {
    EXPECT_THAT(
        LinesOf(Program::Read(absl::StrCat(folder, "/rank-", rank, ".txt"))),
        ElementsAre("stdout of " + rank, "begun by " + rank,
                    "rank " + rank + ": warning: of the log"));
  }
  EXPECT_EQ(access((folder + "/rank-0.txt").c_str(), F_OK), -1);
  // A folder that cannot be made costs a warning, and no line.
  outcome = RunProgram({"2", "--output=files", "speak", "7", "/dev/null/x"});
  EXPECT_EQ(outcome.code(), 0);
  EXPECT_THAT(outcome.err, HasSubstr("rank 1: warning: cannot open "
                                     "/dev/null/x/rank-1.txt"));
  EXPECT_THAT(outcome.err, HasSubstr("rank 1: stdout of 1\n"));
  EXPECT_THAT(outcome.err, HasSubstr("rank 1: begun by 1\n"));
}

TEST(Launcher, LosesNoLastWordsOfARank) {
  for (const char* output : {"--output=prefixed", "--output=files"}) {
    Outcome outcome = RunProgram({"2", output, "signal", "1", "11"});
    EXPECT_EQ(outcome.code(), 4);
    EXPECT_THAT(outcome.err, HasSubstr("rank 1: here comes signal\n"));
    ExpectOneLine(outcome, "was killed by signal 11");
    outcome = RunProgram({"2", output, "throw", "1"});
    EXPECT_THAT(outcome.err, HasSubstr("nobody catches this\n"));
    ExpectOneLine(outcome, "was killed by signal 6");
    outcome = RunProgram({"2", output, "return", "1", "3"});
    EXPECT_EQ(outcome.code(), 3);
    EXPECT_EQ(outcome.err, "rank 1: here comes return\n");
  }
}

TEST(Launcher, TakesAListOfHosts) {
  const Outcome outcome = RunProgram({"2", "on localhost", "echo", "0", "x"});
  EXPECT_EQ(outcome.code(), 0) << outcome.err;
  EXPECT_EQ(outcome.out, "[x]\n");
}

TEST(Launcher, NamesARankKilledBySignalWithinSeconds) {
  const std::pair<int, const char*> signals[] = {
      {SIGKILL, "was killed by signal 9 \\(Killed\\)"},
      {SIGSEGV, "was killed by signal 11 \\(Segmentation fault\\)"},
      {SIGABRT, "was killed by signal 6 \\(Aborted\\)"},
  };
  for (const auto& [signal, how] : signals) {
    Program program({"3", "signal", "1", absl::StrCat(signal)});
    const std::vector<pid_t> others = program.WaitForRanks(2);
    const absl::Time died = absl::Now();
    const Outcome outcome = program.Wait();
    EXPECT_LT(absl::Now() - died, absl::Seconds(3));
    EXPECT_EQ(outcome.code(), 4);
    ExpectOneLine(outcome,
                  absl::StrCat(how, ", last seen in task 2, epoch 1, step 30"));
    for (const pid_t pid : others) {
      EXPECT_TRUE(IsGoneWithin(pid, absl::Milliseconds(100)));
    }
  }
}

TEST(Launcher, NamesARankThatThrows) {
  const Outcome outcome = RunProgram({"3", "throw", "1"});
  EXPECT_EQ(outcome.code(), 4);
  EXPECT_THAT(outcome.err, HasSubstr("nobody catches this"));
  ExpectOneLine(outcome, "was killed by signal 6 \\(Aborted\\)");
}

TEST(Launcher, NamesARankThatRunsOutOfMemory) {
  Program program({"3", "run out of memory", "1"});
  const std::vector<pid_t> others = program.WaitForRanks(2);
  const absl::Time died = absl::Now();
  const Outcome outcome = program.Wait();
  EXPECT_LT(absl::Now() - died, absl::Seconds(3));
  EXPECT_EQ(outcome.code(), 4);
  EXPECT_THAT(outcome.err, HasSubstr("std::bad_alloc"));
  ExpectOneLine(outcome,
                "was killed by signal 6 \\(Aborted\\), last seen in task 2, "
                "epoch 1, step 30");
  for (const pid_t pid : others) {
    EXPECT_TRUE(IsGoneWithin(pid, absl::Milliseconds(100)));
  }
}

TEST(Launcher, NeverTakesAnEarlyExitForSuccess) {
  Outcome outcome = RunProgram({"3", "exit", "1", "0"});
  EXPECT_EQ(outcome.code(), 4);
  ExpectOneLine(outcome, "exited before the run was complete");
  // mpirun alone would wait for ever.
  outcome = RunProgram({"3", "exit before MPI", "1", "0"});
  EXPECT_EQ(outcome.code(), 4);
  EXPECT_LT(outcome.took, absl::Seconds(10));
  ExpectOneLine(outcome, "exited before the run was complete");
  outcome = RunProgram({"2", "leave", "1"});
  EXPECT_EQ(outcome.code(), 4);
  ExpectOneLine(outcome, "exited before the run was complete");
}

TEST(Launcher, ReturnsTheDocumentedExitCodeOfARank) {
  for (const int code : {1, 2, 3, 4, 5, 75}) {
    const Outcome outcome =
        RunProgram({"2", "return", "1", absl::StrCat(code)});
    EXPECT_EQ(outcome.code(), code);
    // The rank has said itself what was wrong.
    EXPECT_EQ(outcome.err, "rank 1: here comes return");
  }
}

TEST(Launcher, NamesARankThatExitsInTheMiddle) {
  Outcome outcome = RunProgram({"3", "exit", "1", "3"});
  EXPECT_EQ(outcome.code(), 3);
  ExpectOneLine(outcome, "exited with code 3");
  outcome = RunProgram({"3", "exit", "1", "42"});
  EXPECT_EQ(outcome.code(), 4);
  ExpectOneLine(outcome, "exited with code 42");
  outcome = RunProgram({"3", "exit before MPI", "1", "5"});
  EXPECT_EQ(outcome.code(), 5);
  ExpectOneLine(outcome, "exited with code 5");
}

TEST(Launcher, ReturnsTheCodeOfAnAbort) {
  const Outcome outcome = RunProgram({"3", "abort", "1"});
  EXPECT_EQ(outcome.code(), 3);
  EXPECT_THAT(outcome.err, HasSubstr("a file is broken"));
  ExpectOneLine(outcome, "aborted the job with code 3");
}

TEST(Launcher, EndsTheJobAndItselfByTheSameSignal) {
  for (const int signal : {SIGINT, SIGTERM, SIGHUP}) {
    Program program({"2", "sleep", "0"});
    const std::vector<pid_t> ranks = program.WaitForRanks(2);
    kill(program.pid(), signal);
    const Outcome outcome = program.Wait();
    EXPECT_TRUE(WIFSIGNALED(outcome.status));
    EXPECT_EQ(WTERMSIG(outcome.status), signal);
    EXPECT_EQ(outcome.err,
              absl::StrCat("rank 0: here comes sleepreprise: signal ", signal,
                           " (", strsignal(signal),
                           ") ended the run in task 2, epoch 1, step 30; "
                           "results so far: /the results\n"));
    for (const pid_t pid : ranks) {
      EXPECT_TRUE(IsGoneWithin(pid, absl::Milliseconds(100)));
    }
  }
}

TEST(Launcher, ForwardsUserSignalsToTheRanks) {
  Program program({"2", "sleep", "0"});
  program.WaitForRanks(2);
  kill(program.pid(), SIGUSR1);
  const Outcome outcome = program.Wait();
  EXPECT_EQ(outcome.code(), 4);
  EXPECT_THAT(outcome.err, HasSubstr("was killed by signal 10"));
}

TEST(Launcher, LeavesNoRankWhenItIsKilled) {
  Program program({"2", "sleep", "0"});
  const std::vector<pid_t> ranks = program.WaitForRanks(2);
  kill(program.pid(), SIGKILL);
  program.Wait();
  for (const pid_t pid : ranks) {
    EXPECT_TRUE(IsGoneWithin(pid, absl::Seconds(5)));
  }
}

TEST(Launcher, LeavesNoRankWhenMpirunIsKilled) {
  Program program({"2", "sleep", "0"});
  const std::vector<pid_t> ranks = program.WaitForRanks(2);
  const pid_t mpirun = ChildOf(program.pid());
  ASSERT_GT(mpirun, 0);
  kill(mpirun, SIGKILL);
  const Outcome outcome = program.Wait();
  EXPECT_EQ(outcome.code(), 4);
  EXPECT_THAT(outcome.err,
              ContainsRegex("reprise: mpirun \\(pid [0-9]+\\) was killed by "
                            "signal 9 \\(Killed\\); the job has ended\n"));
  for (const pid_t pid : ranks) {
    EXPECT_TRUE(IsGoneWithin(pid, absl::Seconds(5)));
  }
}

}  // namespace
}  // namespace reprise
