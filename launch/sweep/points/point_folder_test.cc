#include "launch/sweep/points/point_folder.h"

#include <filesystem>
#include <map>
#include <string>

#include "absl/strings/str_cat.h"
#include "core/base/file.h"
#include "core/base/status.h"
#include "core/base/status_matchers.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace reprise {
namespace {

using State = PointFolder::State;

class PointFolderTest : public testing::Test {
 protected:
  PointFolderTest()
      : parent_(absl::StrCat(
            testing::TempDir(), "/",
            testing::UnitTest::GetInstance()->current_test_info()->name())),
        folder_(parent_ + "/points/lr=0.1") {
    std::filesystem::create_directories(folder_);
  }

  void Write(const std::string& name, const std::string& text) {
    REPRISE_ASSERT_OK(ReplaceFile(folder_ + "/" + name, {text}));
  }
  absl::StatusOr<PointFolder> Read() {
    return ReadPointFolder(folder_, {{"lr", "0.1"}, {"agent", "\"nil\""}});
  }

  static constexpr char kRun[] =
      R"({"settings": {"lr": {"value": 0.1, "origin": "x"},
          "agent": {"value": "nil", "origin": "y"}}})";
  static constexpr char kSummary[] =
      R"({"heads": [{"name": "nme", "primary": false},
          {"name": "softmax", "primary": true,
           "average_incremental_accuracy": {"value": 0.5, "formula": ""},
           "sample_mean_accuracy": {"value": 0.25, "formula": ""},
           "forgetting": {"value": null, "formula": ""}}],
          "images_per_second": 100.5, "seconds": 3, "generated_data": true})";

  const std::string parent_, folder_;
};

TEST_F(PointFolderTest, AFinishedRunHasTheMeasuresOfItsPrimaryHead) {
  Write("run.json", kRun);
  Write("summary.json", kSummary);
  REPRISE_ASSERT_OK_AND_ASSIGN(const PointFolder folder, Read());
  EXPECT_EQ(folder.state, State::kFinished);
  EXPECT_EQ(folder.measures.average_incremental_accuracy, 0.5);
  EXPECT_EQ(folder.measures.final_accuracy, 0.25);
  EXPECT_EQ(folder.measures.forgetting, std::nullopt);
  EXPECT_EQ(folder.measures.images_per_second, 100.5);
  EXPECT_EQ(folder.measures.seconds, 3);
  EXPECT_TRUE(folder.measures.generated_data);
}

TEST_F(PointFolderTest, WithoutAWholeSummaryItIsUnfinished) {
  REPRISE_ASSERT_OK_AND_ASSIGN(PointFolder folder, Read());
  EXPECT_EQ(folder.state, State::kUnfinished);
  Write("run.json", kRun);
  REPRISE_ASSERT_OK_AND_ASSIGN(folder, Read());
  EXPECT_EQ(folder.state, State::kUnfinished);
  Write("summary.json", std::string(kSummary).substr(0, 90));
  REPRISE_ASSERT_OK_AND_ASSIGN(folder, Read());
  EXPECT_EQ(folder.state, State::kUnfinished);
}

TEST_F(PointFolderTest, NoFolderIsNothing) {
  REPRISE_ASSERT_OK_AND_ASSIGN(const PointFolder folder,
                               ReadPointFolder(folder_ + "x", {}));
  EXPECT_EQ(folder.state, State::kNothing);
}

TEST_F(PointFolderTest, AFinishedRunWithOtherSettingsIsRefused) {
  Write("run.json", R"({"settings": {"lr": {"value": 0.2, "origin": "x"}}})");
  Write("summary.json", kSummary);
  EXPECT_THAT(Read(), ExitsWith(ExitCode::kUsage));
  EXPECT_THAT(Read().status(), FailsWith("lr is 0.2, expected 0.1"));
  EXPECT_THAT(Read().status(), FailsWith("agent is null, expected \"nil\""));
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
