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

TEST_F(ResultsFolderTest, RunJsonKeepsTheClaimAndHoldsSettingsWithOrigins) {
  REPRISE_ASSERT_OK_AND_ASSIGN(const std::string folder,
                               CreateResultsFolder(results_, "a"));
  const json claim = ReadRunJson(folder);
  RunInfo info;
  info.run_id = "20240229T235959Z-a-0123456789abcdef";
  info.experiment = "mnist_nil_mnistnet";
  info.world_size = 2;
  info.hosts = {"a", "b"};
  info.threads = {2, 4};
  info.cores = {"0-1", "0-7"};
  info.bound = {true, false};
  info.core_quotas = {0, 2.5};
  info.openmp_wait = "OMP_WAIT_POLICY=passive";
  info.memory_format = "channels_last";
  info.memory_format_origin = "measured";
  info.seed = 42;
  info.generated_data = true;
  info.data_digests["t10k"] = "0123";
  info.settings = {{"lr", "0.05", "command line"},
                   {"model", "\"x\"", "default"}};
  REPRISE_ASSERT_OK(WriteRunJson(folder, info));
  const json run = ReadRunJson(folder);
  EXPECT_EQ(run["started"], claim["started"]);
  EXPECT_EQ(run["host"], claim["host"]);
  EXPECT_EQ(run["run"], "20240229T235959Z-a-0123456789abcdef");
  EXPECT_EQ(run["hosts"], json({"a", "b"}));
  EXPECT_EQ(run["threads"], json({2, 4}));
  EXPECT_EQ(run["cores"], json({"0-1", "0-7"}));
  EXPECT_EQ(run["bound"], json({true, false}));
  EXPECT_EQ(run["core_quotas"], json({0.0, 2.5}));
  EXPECT_EQ(run["openmp_wait"], "OMP_WAIT_POLICY=passive");
  EXPECT_EQ(run["memory_format"], "channels_last");
  EXPECT_EQ(run["memory_format_origin"], "measured");
  EXPECT_EQ(run["settings"]["lr"],
            json({{"value", 0.05}, {"origin", "command line"}}));
  EXPECT_EQ(run["settings"]["model"]["value"], "x");
  EXPECT_EQ(run["generated_data"], true);
  EXPECT_EQ(run["data_digests"]["t10k"], "0123");
}

TEST_F(ResultsFolderTest, ASettingThatIsNotJsonIsNamed) {
  REPRISE_ASSERT_OK_AND_ASSIGN(const std::string folder,
                               CreateResultsFolder(results_, "a"));
  RunInfo info;
  info.settings = {{"lr", "fast", "command line"}};
  EXPECT_THAT(WriteRunJson(folder, info), FailsWith("lr is not JSON: fast"));
}

}  // namespace
}  // namespace reprise
