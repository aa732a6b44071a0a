#include "core/metrics/results_folder.h"

#include <unistd.h>

#include <atomic>
#include <filesystem>
#include <string>
#include <thread>
#include <vector>

#include "absl/strings/str_cat.h"
#include "core/base/file.h"
#include "core/base/status_matchers.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "nlohmann/json.hpp"

namespace reprise {
namespace {

using ::nlohmann::json;

class ResultsFolderTest : public ::testing::Test {
 protected:
  ResultsFolderTest() : results_(::testing::TempDir() + "results") {
    std::filesystem::remove_all(results_);
  }

  json ReadRunJson(const std::string& folder) const {
    const auto text = ReadWholeFile(folder + "/run.json");
    EXPECT_THAT(text, IsOk());
    return json::parse(*text);
  }

  const std::string results_;
};

TEST_F(ResultsFolderTest, TheFolderAndThoseAboveItAreMade) {
  REPRISE_ASSERT_OK_AND_ASSIGN(const std::string folder,
                               CreateResultsFolder(results_, "a/b"));
  EXPECT_EQ(folder, results_ + "/a/b");
  EXPECT_EQ(ReadRunJson(folder)["pid"], getpid());
}

TEST_F(ResultsFolderTest, AnEmptyNameIsATimestamp) {
  REPRISE_ASSERT_OK_AND_ASSIGN(const std::string folder,
                               CreateResultsFolder(results_, ""));
  const std::string name = std::filesystem::path(folder).filename();
  ASSERT_EQ(name.size(), 15u) << name;
  EXPECT_EQ(name[8], '-');
}

TEST_F(ResultsFolderTest, AFolderThatHoldsARunIsRefusedWithOwnerAndRemedy) {
  REPRISE_ASSERT_OK(CreateResultsFolder(results_, "a").status());
  const auto again = CreateResultsFolder(results_, "a");
  EXPECT_THAT(again, ExitsWith(ExitCode::kUsage));
  EXPECT_THAT(again, FailsWith(results_ + "/a already holds a run"));
  EXPECT_THAT(again, FailsWith(absl::StrCat("process ", getpid(), " on host")));
  EXPECT_THAT(again, FailsWith("--save-dir"));
}

TEST_F(ResultsFolderTest, AFolderOfUpstreamsProgramIsRefused) {
  std::filesystem::create_directories(results_ + "/a");
  REPRISE_ASSERT_OK(ReplaceFile(results_ + "/a/dl_metrics.json", {"[]"}));
  EXPECT_THAT(CreateResultsFolder(results_, "a"),
              FailsWith("it has a dl_metrics.json"));
}

TEST_F(ResultsFolderTest, AFolderWithOtherFilesIsTaken) {
  std::filesystem::create_directories(results_ + "/a");
  REPRISE_ASSERT_OK(ReplaceFile(results_ + "/a/notes.txt", {"mine"}));
  REPRISE_EXPECT_OK(CreateResultsFolder(results_, "a").status());
}

TEST_F(ResultsFolderTest, OfRunsStartedAtOnceExactlyOneGetsTheFolder) {
  std::atomic<int> successes{0};
  std::vector<std::thread> runs;
  for (int i = 0; i < 8; ++i) {
    runs.emplace_back(
        [&] { successes += CreateResultsFolder(results_, "a").ok() ? 1 : 0; });
  }
  for (std::thread& run : runs) run.join();
  EXPECT_EQ(successes, 1);
}

TEST_F(ResultsFolderTest, AFileInTheWayIsAStorageErrorNamingThePath) {
  std::filesystem::create_directories(results_);
  REPRISE_ASSERT_OK(ReplaceFile(results_ + "/a", {"a file"}));
  const auto folder = CreateResultsFolder(results_, "a/b");
  EXPECT_THAT(folder, ExitsWith(ExitCode::kStorage));
  EXPECT_THAT(folder, FailsWith(results_ + "/a/b"));
}

}  // namespace
}  // namespace reprise
