#include "launch/sweep/points/point_folder.h"

#include <filesystem>
#include <string>

#include "absl/strings/str_cat.h"
#include "core/base/file.h"
#include "core/base/status.h"
#include "core/base/status_matchers.h"
#include "core/metrics/jsonl/jsonl_sink.h"
#include "core/metrics/run_json.h"
#include "core/metrics/testing/scripted_run.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace reprise {
namespace {

using State = PointFolder::State;
using testing::ElementsAre;
using testing::IsEmpty;

class PointFolderTest : public testing::Test {
 protected:
  PointFolderTest()
      : parent_(absl::StrCat(
            testing::TempDir(), "/",
            testing::UnitTest::GetInstance()->current_test_info()->name())),
        folder_(parent_ + "/points/lr=0.1") {
    std::filesystem::create_directories(folder_);
    point_.settings = {{"lr", {"0.1"}}, {"agent", {"\"nil\""}}};
  }

  void Write(const std::string& name, const std::string& text) {
    REPRISE_ASSERT_OK(ReplaceFile(folder_ + "/" + name, {text}));
  }

  // A run of these settings by a process that is gone.
  void WriteRunJsonOf(const std::string& lr) {
    Write("run.json", R"({"schema": 1, "host": "elsewhere", "pid": 1,
                          "started": "2024-02-29T00:00:00+00:00"})");
    RunInfo info;
    info.settings = {{"lr", lr, "flag"}, {"agent", "\"nil\"", "flag"}};
    REPRISE_ASSERT_OK(WriteRunJson(folder_, info));
  }

  void WriteRun(const std::string& lr) {
    WriteRunJsonOf(lr);
    RunStart start = ScriptedRunStart();
    start.generated_data = true;
    auto sink = JsonlSink::Open(folder_ + "/metrics.jsonl");
    REPRISE_ASSERT_OK(sink.status());
    REPRISE_ASSERT_OK((*sink)->OnRunStart(start));
    for (int task = 0; task < 3; ++task) {
      REPRISE_ASSERT_OK(PlayScriptedTask(task, **sink));
    }
    REPRISE_ASSERT_OK((*sink)->OnRunEnd(ScriptedRunEnd()));
  }

  absl::StatusOr<PointFolder> Read() {
    return ReadPointFolder(folder_, point_);
  }

  const std::string parent_, folder_;
  SweepPoint point_;
};

TEST_F(PointFolderTest, AFinishedRunHasTheMeasuresOfItsPrimaryHead) {
  WriteRun("0.1");
  Write("summary.json", "{}");
  REPRISE_ASSERT_OK_AND_ASSIGN(const PointFolder folder, Read());
  EXPECT_EQ(folder.state, State::kFinished);
  EXPECT_NEAR(*folder.measures.average_incremental_accuracy,
              (.90 + 6.68 / 7 + .884) / 3, 1e-12);
  EXPECT_NEAR(*folder.measures.final_accuracy, 0.884, 1e-12);
  EXPECT_NEAR(*folder.measures.forgetting, 0.07, 1e-12);
  EXPECT_EQ(folder.measures.images_per_second, 100);
  EXPECT_TRUE(folder.measures.generated_data);
  EXPECT_THAT(folder.differences, IsEmpty());
}

TEST_F(PointFolderTest, WithoutASummaryOrAnEndItIsUnfinished) {
  REPRISE_ASSERT_OK_AND_ASSIGN(PointFolder folder, Read());
  EXPECT_EQ(folder.state, State::kUnfinished);
  WriteRunJsonOf("0.1");
  REPRISE_ASSERT_OK_AND_ASSIGN(folder, Read());
  EXPECT_EQ(folder.state, State::kUnfinished);
  Write("summary.json", "{}");
  REPRISE_ASSERT_OK_AND_ASSIGN(folder, Read());
  EXPECT_EQ(folder.state, State::kUnfinished);
  std::filesystem::remove(folder_ + "/summary.json");
  WriteRun("0.1");
  REPRISE_ASSERT_OK_AND_ASSIGN(folder, Read());
  EXPECT_EQ(folder.state, State::kUnfinished);
}

TEST_F(PointFolderTest, NoFolderIsNothing) {
  REPRISE_ASSERT_OK_AND_ASSIGN(const PointFolder folder,
                               ReadPointFolder(folder_ + "x", point_));
  EXPECT_EQ(folder.state, State::kNothing);
}

TEST_F(PointFolderTest, AFinishedRunSaysInWhatItWasAnother) {
  WriteRun("0.2");
  Write("summary.json", "{}");
  REPRISE_ASSERT_OK_AND_ASSIGN(PointFolder folder, Read());
  EXPECT_THAT(folder.differences, ElementsAre("lr was 0.2, is 0.1"));
  point_.settings["lr"].value_json = "2e-1";
  REPRISE_ASSERT_OK_AND_ASSIGN(folder, Read());
  EXPECT_THAT(folder.differences, IsEmpty());
}

// Its build was older than the setting.
TEST_F(PointFolderTest, ASettingThatARunDidNotKnowMayHaveItsDefaultOnly) {
  WriteRun("0.1");
  Write("summary.json", "{}");
  point_.settings["momentum"] = {"0.5", /*is_default=*/true};
  REPRISE_ASSERT_OK_AND_ASSIGN(PointFolder folder, Read());
  EXPECT_THAT(folder.differences, IsEmpty());
  point_.settings["momentum"].is_default = false;
  REPRISE_ASSERT_OK_AND_ASSIGN(folder, Read());
  EXPECT_THAT(folder.differences, ElementsAre("momentum was none, is 0.5"));
}

TEST_F(PointFolderTest, WhatHasNotFinishedDiffersInNothing) {
  WriteRun("0.2");
  REPRISE_ASSERT_OK_AND_ASSIGN(const PointFolder folder, Read());
  EXPECT_EQ(folder.state, State::kUnfinished);
  EXPECT_THAT(folder.differences, IsEmpty());
}

TEST_F(PointFolderTest, SettingAsideKeepsEveryAttempt) {
  const std::string aside = parent_ + "/set_aside";
  for (const char* attempt : {"1", "2"}) {
    std::filesystem::create_directories(folder_);
    Write("output.txt", attempt);
    REPRISE_ASSERT_OK_AND_ASSIGN(const std::string now,
                                 SetAside(folder_, aside));
    EXPECT_EQ(now, absl::StrCat(aside, "/lr=0.1.", attempt));
    EXPECT_FALSE(std::filesystem::exists(folder_));
  }
  EXPECT_EQ(*ReadWholeFile(aside + "/lr=0.1.1/output.txt"), "1");
}

TEST(LastErrorLine, IsTheLastThatTellsAnErrorElseTheLast) {
  EXPECT_EQ(LastErrorLine(""), "");
  EXPECT_EQ(LastErrorLine("a\nb\n\n"), "b");
  EXPECT_EQ(LastErrorLine("error: a\nrank 1: error: b\r\nresults\n"),
            "rank 1: error: b");
  EXPECT_EQ(LastErrorLine("error: " + std::string(9000, 'x')).size(), 400u);
}

}  // namespace
}  // namespace reprise
