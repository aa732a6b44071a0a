#include "launch/mpirun/host_check.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <random>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/time/clock.h"
#include "core/base/file.h"
#include "core/base/host_name.h"
#include "core/base/status.h"
#include "core/base/status_matchers.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace reprise {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

std::string Folder() {
  const std::string folder = absl::StrCat(
      testing::TempDir(), "host check ",
      testing::UnitTest::GetInstance()->current_test_info()->name());
  std::filesystem::create_directories(folder);
  return folder;
}

// A file that may be executed.
std::string MakeFile(const std::string& name, const std::string& content) {
  const std::string path = absl::StrCat(Folder(), "/", name);
  REPRISE_EXPECT_OK(ReplaceFile(path, {content}));
  chmod(path.c_str(), 0755);
  return path;
}

HostCheck MakeCheck(std::vector<std::string> mpirun_arguments, size_t hosts,
                    std::vector<std::string> files) {
  HostCheck check;
  check.mpirun_arguments = std::move(mpirun_arguments);
  check.hosts = hosts;
  check.files = std::move(files);
  sigemptyset(&check.mask);
  return check;
}

TEST(NamesOtherHosts, KnowsThisOne) {
  const std::string own = HostName();
  EXPECT_FALSE(NamesOtherHosts({{"localhost", 2}, {own, 1}, {"127.0.0.1", 1}}));
  EXPECT_TRUE(NamesOtherHosts({{own, 2}, {"another-" + own, 2}}));
}

TEST(FilesOfRanks, AreTheLoadersButNotTheSystems) {
  const std::string leading = absl::StrCat(Folder(), "/lib");
  std::filesystem::create_directories(leading);
  REPRISE_ASSERT_OK(ReplaceFile(leading + "/libmpi.so.40", {"m"}));
  REPRISE_ASSERT_OK(ReplaceFile(leading + "/libpmix.so.2", {"p"}));
  REPRISE_ASSERT_OK(ReplaceFile(leading + "/README", {"r"}));
  const std::vector<std::string> libraries = {
      "/lib/x86_64-linux-gnu/libc.so.6", "/usr/lib/libstdc++.so.6",
      "/lib64/ld-linux-x86-64.so.2", "/b/launch/../_solib/libc10.so",
      "/b/launch/../_solib/mpi/libmpi.so.40"};
  EXPECT_THAT(FilesOfRanks("/b/launch/p", libraries, {"/mpi/bin/mpirun", ""}),
              ElementsAre("/b/launch/p", "/b/_solib/libc10.so",
                          "/b/_solib/mpi/libmpi.so.40"));
  // mpirun's own libraries are found first by the ranks.
  EXPECT_THAT(
      FilesOfRanks("/b/launch/p", libraries, {"/mpi/bin/mpirun", leading}),
      ElementsAre("/b/launch/p", "/b/_solib/libc10.so",
                  leading + "/libmpi.so.40", leading + "/libpmix.so.2"));
}

TEST(HostAnswers, AreReadAmongOtherText) {
  const auto answers = ParseHostAnswers(
      "Welcome to node-1!\n\x1enode-1 12:34 missing\nmotd\n"
      "\x1e h 1:2\n\x1enode-2.x 12:34 5:6\n\x1enode-3\n\x1enode-4 1:2");
  ASSERT_EQ(answers.size(), 3u);
  EXPECT_EQ(answers[0].host, "node-1");
  EXPECT_THAT(answers[0].states, ElementsAre("12:34", "missing"));
  EXPECT_EQ(answers[1].host, "node-2.x");
  EXPECT_THAT(answers[1].states, ElementsAre("12:34", "5:6"));
  EXPECT_THAT(answers[2].states, IsEmpty());
}

TEST(HostAnswers, SurviveMutations) {
  std::mt19937 random(7);
  size_t read = 0;
  for (int round = 0; round < 20000; ++round) {
    std::string text = "\x1enode-1 12:34 missing\n\x1enode-2 12:34 5:6\n";
    for (size_t change = 0; change <= random() % 4; ++change) {
      text[random() % text.size()] = static_cast<char>(random());
    }
    for (const HostAnswer& answer : ParseHostAnswers(text)) {
      ++read;
      ASSERT_FALSE(answer.host.empty());
      // Whatever it is, it can be told.
      const absl::Status status =
          CompareHosts({"/p", "/l"}, {"here", {"12:34", "5:6"}}, {answer});
      ASSERT_EQ(status.ok(), answer.states.size() == 2 &&
                                 answer.states[0] == "12:34" &&
                                 answer.states[1] == "5:6");
    }
  }
  EXPECT_GT(read, 10000u);
}

TEST(CompareHosts, NamesEveryFileThatDiffers) {
  const std::vector<std::string> files = {"/p", "/l", "/m"};
  const HostAnswer here = {"h0", {"1:10", "2:20", "3:30"}};
  REPRISE_EXPECT_OK(CompareHosts(files, here, {here, {"h1", here.states}}));
  const absl::Status status =
      CompareHosts(files, here,
                   {{"h1", {"missing", "2:20", "4:30"}},
                    {"h2", {"not-executable", "unreadable", "3:30"}}});
  EXPECT_THAT(status, ExitsWith(ExitCode::kUsage));
  EXPECT_EQ(status.message(),
            "the program is not on all hosts what it is on h0:\n"
            "  host h1: /p: expected 10 bytes with CRC 1, found no file\n"
            "  host h1: /m: expected 30 bytes with CRC 3, found 30 bytes with "
            "CRC 4\n"
            "  host h2: /p: expected 10 bytes with CRC 1, found a file that "
            "cannot be executed\n"
            "  host h2: /l: expected 20 bytes with CRC 2, found a file that "
            "cannot be read\n"
            "copy the program and its libraries to the same paths on each "
            "host, or start it from a file system that all share");
}

TEST(CompareHosts, RefusesTwoHostsOfOneName) {
  const HostAnswer here = {"h0", {"1:10"}};
  const absl::Status status =
      CompareHosts({"/p"}, here, {here, {"h1", {"1:10"}}, here});
  EXPECT_THAT(status, ExitsWith(ExitCode::kUsage));
  EXPECT_THAT(status, FailsWith("two of the hosts are called h0"));
  EXPECT_THAT(
      CompareHosts({"/p"}, here, {{"n.here", {"1:10"}}, {"n.there", {"1:10"}}}),
      FailsWith("two of the hosts are called n:"));
  REPRISE_EXPECT_OK(CompareHosts(
      {"/p"}, here, {{"10.0.0.1", {"1:10"}}, {"10.0.0.2", {"1:10"}}}));
}

TEST(CompareHosts, ListsSomeAndCountsAll) {
  std::vector<HostAnswer> hosts;
  for (int i = 0; i < 64; ++i) {
    hosts.push_back({absl::StrCat("h", i), {"missing"}});
  }
  const absl::Status status = CompareHosts({"/p"}, {"h", {"1:1"}}, hosts);
  EXPECT_THAT(status, FailsWith("host h19: /p"));
  EXPECT_THAT(std::string(status.message()), Not(HasSubstr("host h20:")));
  EXPECT_THAT(status, FailsWith("and 44 more"));
}

TEST(CompareHosts, DoesNotTakeSilenceForEquality) {
  const HostAnswer here = {"h0", {"1:10", "2:20"}};
  for (const HostAnswer& host : std::vector<HostAnswer>{
           {"h1", {}}, {"h1", {"no-cksum"}}, {"h1", {"1:10"}}}) {
    const absl::Status status = CompareHosts({"/p", "/l"}, here, {here, host});
    EXPECT_THAT(status, ExitsWith(ExitCode::kDistributed));
    EXPECT_THAT(status, FailsWith("host h1: expected the cksum of 2 files"));
  }
  // Nor that both lack a file.
  const HostAnswer lacking = {"h0", {"1:10", "missing"}};
  EXPECT_THAT(CompareHosts({"/p", "/l"}, lacking, {lacking}),
              FailsWith("host h0 (this one): /l: expected a readable file, "
                        "found no file"));
}

// mpirun's part is played by env and sh on this host.
TEST(CheckHosts, AsksRealShells) {
  const std::string program = MakeFile("the program", "abc");
  const std::string library = MakeFile("it's a $library", "");
  REPRISE_EXPECT_OK(CheckHosts(
      MakeCheck({"/usr/bin/env", "/bin/sh"}, 1, {program, library})));
  // Another host, whose program is another.
  const std::string other = MakeFile("other", "abd");
  const auto mpirun = [&](const std::string& does) {
    return std::vector<std::string>{
        "/bin/sh", "-c", absl::StrCat("shift 2; ", does, "; : "), "sh"};
  };
  const absl::Status status = CheckHosts(MakeCheck(
      mpirun(absl::StrCat("printf '\\036h1 %s missing\\n' $(cksum < '", other,
                          "' | tr ' ' :)")),
      1, {program, library}));
  EXPECT_THAT(status, ExitsWith(ExitCode::kUsage));
  EXPECT_THAT(status, FailsWith(absl::StrCat("host h1: ", program,
                                             ": expected 3 bytes with CRC ")));
  EXPECT_THAT(status, FailsWith(absl::StrCat(library, ": expected 0 bytes")));
}

TEST(CheckHosts, KnowsAFileThatIsMissingOrNotToBeUsed) {
  const std::string program = MakeFile("program", "abc");
  const auto check = [&] {
    return CheckHosts(MakeCheck({"/usr/bin/env", "/bin/sh"}, 1, {program}));
  };
  REPRISE_EXPECT_OK(check());
  chmod(program.c_str(), 0644);
  EXPECT_THAT(check(), FailsWith("found a file that cannot be executed"));
  std::filesystem::remove(program);
  EXPECT_THAT(check(), FailsWith("found no file"));
}

TEST(CheckHosts, SaysWhatMpirunSaidWhenAHostDoesNotAnswer) {
  const std::string program = MakeFile("program", "abc");
  const absl::Status status = CheckHosts(
      MakeCheck({"/bin/sh", "-c",
                 "printf '\\036h1 1:1\\n'; echo ssh: h2: no route >&2; exit 1"},
                2, {program}));
  EXPECT_THAT(status, ExitsWith(ExitCode::kDistributed));
  EXPECT_THAT(status, FailsWith("1 of 2 answered (h1), mpirun ended with code "
                                "1;"));
  EXPECT_THAT(status, FailsWith("mpirun said:\nssh: h2: no route"));
}

// What another host says could clear the screen, or worse.
TEST(CheckHosts, LetsNoControlCharacterThrough) {
  const absl::Status status = CheckHosts(MakeCheck(
      {"/bin/sh", "-c",
       "printf '\\036h\\033[2J 1:1\\n'; printf 'ssh: \\033]0;x\\007 to host h2 "
       "port 22: it took longer than sixty bytes\\r\\nsecond\\n' >&2; exit 1"},
      2, {MakeFile("program", "abc")}));
  for (const char c : status.message()) {
    EXPECT_TRUE(c == '\n' || (c >= ' ' && c <= '~')) << static_cast<int>(c);
  }
  EXPECT_THAT(status, FailsWith(R"(1 of 2 answered (h\x1b[2J), mpirun)"));
  EXPECT_THAT(status, FailsWith("\nssh: \\x1b]0;x\\x07 to host h2 port 22: it "
                                "took longer than sixty bytes\nsecond"));
}

TEST(CheckHosts, CountsWhatCannotBeWaitedForAsAFailure) {
  const std::string program = MakeFile("program", "abc");
  const auto before = signal(SIGCHLD, SIG_IGN);  // the kernel reaps
  const absl::Status status =
      CheckHosts(MakeCheck({"/usr/bin/env", "/bin/sh"}, 1, {program}));
  signal(SIGCHLD, before);
  EXPECT_THAT(status, ExitsWith(ExitCode::kDistributed));
  EXPECT_THAT(status, FailsWith("1 of 1 answered"));
  EXPECT_THAT(status, FailsWith("mpirun ended in an unknown way (waitpid: "));
}

TEST(CheckHosts, HasALimitForEachAnswerAndNotForAll) {
  const std::string program = MakeFile("program", "abc");
  HostCheck check = MakeCheck(
      {"/bin/sh", "-c",
       absl::StrCat("for h in 1 2 3; do sleep 1.5; printf '\\036h%s %s\\n' $h "
                    "$(cksum < '",
                    program, "' | tr ' ' :); done")},
      3, {program});
  check.limit = absl::Seconds(4);  // less than all take
  REPRISE_EXPECT_OK(CheckHosts(check));
}

TEST(CheckHosts, DoesNotWaitForAnMpirunThatClosesItsOutputAndStays) {
  HostCheck check =
      MakeCheck({"/bin/sh", "-c", "exec >&- 2>&-; exec sleep 100"}, 1,
                {MakeFile("program", "abc")});
  check.limit = absl::Milliseconds(300);
  const absl::Time start = absl::Now();
  const absl::Status status = CheckHosts(check);
  EXPECT_THAT(status, ExitsWith(ExitCode::kDistributed));
  EXPECT_THAT(status, FailsWith("0 of 1 answered, mpirun closed its output and "
                                "did not end; each host must be reached"));
  EXPECT_LT(absl::Now() - start, absl::Seconds(20));
}

TEST(CheckHosts, EndsAtItsLimitAndWhenInterrupted) {
  const std::string pid_file = Folder() + "/pid";
  HostCheck check =
      MakeCheck({"/bin/sh", "-c",
                 absl::StrCat("echo $$ > '", pid_file, "'; exec sleep 100")},
                1, {MakeFile("program", "abc")});
  check.limit = absl::Milliseconds(300);
  const absl::Time start = absl::Now();
  absl::Status status = CheckHosts(check);
  EXPECT_THAT(status, ExitsWith(ExitCode::kDistributed));
  EXPECT_THAT(status, FailsWith("0 of 1 answered, then no other for 300ms"));
  int ends[2];
  ASSERT_EQ(pipe(ends), 0);
  ASSERT_EQ(write(ends[1], "x", 1), 1);
  check.limit = absl::Minutes(1);
  check.interrupt = ends[0];
  EXPECT_TRUE(absl::IsCancelled(CheckHosts(check)));
  EXPECT_LT(absl::Now() - start, absl::Seconds(20));
  // Nothing sleeps on.
  REPRISE_ASSERT_OK_AND_ASSIGN(const std::string pid, ReadWholeFile(pid_file));
  EXPECT_NE(kill(std::stoi(pid), 0), 0);
  close(ends[0]);
  close(ends[1]);
}

}  // namespace
}  // namespace reprise
