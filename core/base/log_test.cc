#include "core/base/log.h"

#include <cstdio>
#include <filesystem>
#include <string>
#include <thread>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "core/base/file.h"
#include "core/base/status_matchers.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace reprise {
namespace {

using ::testing::Each;
using ::testing::HasSubstr;
using ::testing::MatchesRegex;
using ::testing::SizeIs;
using ::testing::internal::CaptureStderr;
using ::testing::internal::GetCapturedStderr;

class LogTest : public ::testing::Test {
 protected:
  LogTest() : path_(::testing::TempDir() + "log.txt") {
    std::filesystem::remove(path_);
  }
  ~LogTest() override { (void)ConfigureLog({}); }

  const std::string path_;
};

TEST_F(LogTest, TerminalLinesAreBareAndFileLinesHaveATimestamp) {
  LogOptions options;
  options.file = path_;
  REPRISE_ASSERT_OK(ConfigureLog(options));
  CaptureStderr();
  LogInfo("training starts");
  LogWarning("few samples");
  EXPECT_EQ(GetCapturedStderr(), "training starts\nwarning: few samples\n");
  REPRISE_ASSERT_OK_AND_ASSIGN(const std::string content, ReadWholeFile(path_));
  const std::vector<std::string> lines = absl::StrSplit(content, '\n');
  ASSERT_THAT(lines, SizeIs(3));
  constexpr char kTime[] =
      "[0-9]+-[0-9][0-9]-[0-9][0-9]T[0-9:]+\\.[0-9][0-9][0-9]Z ";
  EXPECT_THAT(lines[0], MatchesRegex(absl::StrCat(kTime, "training starts")));
  EXPECT_THAT(lines[1],
              MatchesRegex(absl::StrCat(kTime, "warning: few samples")));
}

TEST_F(LogTest, OtherRanksSayOnlyWarningsAndErrorsAndWhoTheyAre) {
  LogOptions options;
  options.rank = 3;
  options.world_size = 4;
  REPRISE_ASSERT_OK(ConfigureLog(options));
  CaptureStderr();
  LogInfo("not for the terminal");
  LogWarning("slow disk");
  LogError("stopping");
  EXPECT_EQ(GetCapturedStderr(),
            "rank 3: warning: slow disk\nrank 3: error: stopping\n");
}

TEST_F(LogTest, AnExistingFileIsContinued) {
  LogOptions options;
  options.file = path_;
  CaptureStderr();
  REPRISE_ASSERT_OK(ConfigureLog(options));
  LogInfo("one");
  REPRISE_ASSERT_OK(ConfigureLog(options));
  LogInfo("two");
  GetCapturedStderr();
  REPRISE_ASSERT_OK_AND_ASSIGN(const std::string content, ReadWholeFile(path_));
  EXPECT_THAT(content, HasSubstr("one"));
  EXPECT_THAT(content, HasSubstr("two"));
}

TEST_F(LogTest, AFullLogDiskCostsOneWarningAndNoTerminalLine) {
  LogOptions options;
  options.file = "/dev/full";
  REPRISE_ASSERT_OK(ConfigureLog(options));
  CaptureStderr();
  LogInfo("one");
  LogInfo("two");
  EXPECT_EQ(GetCapturedStderr(),
            "one\nwarning: lines are missing in the log: cannot append to "
            "/dev/full: No space left on device\ntwo\n");
}

TEST_F(LogTest, AFileThatCannotBeOpenedIsAStorageError) {
  LogOptions options;
  options.file = ::testing::TempDir() + "no/such/folder/log.txt";
  EXPECT_THAT(ConfigureLog(options), ExitsWith(ExitCode::kStorage));
}

TEST_F(LogTest, TheCallbackRunsBeforeEachTerminalLine) {
  REPRISE_ASSERT_OK(ConfigureLog({}));
  SetBeforeLogLine([] { std::fputs("<clear>", stderr); });
  CaptureStderr();
  LogInfo("one");
  SetBeforeLogLine(nullptr);
  LogInfo("two");
  EXPECT_EQ(GetCapturedStderr(), "<clear>one\ntwo\n");
}

TEST_F(LogTest, LinesOfSeveralThreadsDoNotMix) {
  LogOptions options;
  options.file = path_;
  REPRISE_ASSERT_OK(ConfigureLog(options));
  CaptureStderr();
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([] {
      for (int line = 0; line < 50; ++line) LogInfo(std::string(100, 'x'));
    });
  }
  for (std::thread& thread : threads) thread.join();
  const std::string terminal = GetCapturedStderr();
  std::vector<std::string> lines = absl::StrSplit(terminal, '\n');
  lines.pop_back();
  EXPECT_THAT(lines, SizeIs(200));
  EXPECT_THAT(lines, Each(std::string(100, 'x')));
  REPRISE_ASSERT_OK_AND_ASSIGN(const std::string content, ReadWholeFile(path_));
  lines = absl::StrSplit(content, '\n');
  lines.pop_back();
  EXPECT_THAT(lines, SizeIs(200));
  EXPECT_THAT(lines, Each(HasSubstr(" " + std::string(100, 'x'))));
}

}  // namespace
}  // namespace reprise
