#include "core/metrics/summary/summary_sink.h"

#include <filesystem>
#include <limits>
#include <memory>
#include <string>

#include "core/base/file.h"
#include "core/base/status_matchers.h"
#include "core/metrics/testing/scripted_run.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "nlohmann/json.hpp"

namespace reprise {
namespace {

using ::nlohmann::json;

class SummaryTest : public ::testing::Test {
 protected:
  SummaryTest() : folder_(::testing::TempDir() + "summary") {
    std::filesystem::remove_all(folder_);
    std::filesystem::create_directories(folder_);
    sink_ = MakeSummarySink(folder_);
  }

  json Read() const {
    const auto text = ReadWholeFile(folder_ + "/summary.json");
    EXPECT_THAT(text, IsOk());
    return json::parse(*text);
  }

  const std::string folder_;
  std::unique_ptr<MetricSink> sink_;
};

TEST_F(SummaryTest, MeasuresEqualTheClosedFormAndCarryTheirFormulas) {
  REPRISE_ASSERT_OK(PlayScriptedRun(*sink_));
  const json summary = Read();
  ASSERT_EQ(summary["heads"].size(), 2u);
  const json& nme = summary["heads"][0];
  EXPECT_EQ(nme["name"], "nme");
  EXPECT_EQ(nme["primary"], true);
  EXPECT_EQ(nme["accuracy_matrix"],
            json::parse("[[0.9], [0.95, 0.96], [0.8, 0.97, 0.91]]"));
  EXPECT_NEAR(nme["task_mean_by_task"][2], 2.68 / 3, 1e-12);
  EXPECT_NEAR(nme["sample_mean_by_task"][1], 6.68 / 7, 1e-12);
  EXPECT_NEAR(nme["sample_mean_accuracy"]["value"], 0.884, 1e-12);
  EXPECT_NEAR(nme["average_incremental_accuracy"]["value"],
              (.90 + 6.68 / 7 + .884) / 3, 1e-12);
  EXPECT_NEAR(nme["forgetting"]["value"], 0.07, 1e-12);
  EXPECT_NEAR(nme["backward_transfer"]["value"], -0.045, 1e-12);
  EXPECT_EQ(nme["forgetting"]["formula"],
            "1/(T-1) sum_{j<T} [max_{j<=i<T} a(i,j) - a(T,j)]");
  EXPECT_EQ(summary["heads"][1]["forgetting"]["value"], 0.0);
}

TEST_F(SummaryTest, HoldsTimesReportsAndWhetherTheDataWasGenerated) {
  RunStart run = ScriptedRunStart();
  run.generated_data = true;
  REPRISE_ASSERT_OK(sink_->OnRunStart(run));
  REPRISE_ASSERT_OK(PlayScriptedTask(0, *sink_));
  REPRISE_ASSERT_OK(sink_->OnRunEnd(ScriptedRunEnd()));
  const json summary = Read();
  EXPECT_EQ(summary["generated_data"], true);
  EXPECT_EQ(summary["phase_seconds"].size(), 9u);
  EXPECT_EQ(summary["phase_seconds"]["backward"], 20.0);
  EXPECT_EQ(summary["images_per_second"], 100.0);
  EXPECT_EQ(summary["run"], run.run_id);
  EXPECT_EQ(summary["tasks"][0]["agent"]["scalars"]["exemplars"], 500.0);
}

TEST_F(SummaryTest, KeysStandInTheirOrder) {
  REPRISE_ASSERT_OK(PlayScriptedRun(*sink_));
  const auto text = ReadWholeFile(folder_ + "/summary.json");
  const auto summary = ::nlohmann::ordered_json::parse(*text);
  std::string keys;
  for (const auto& item : summary.items()) keys += item.key() + " ";
  EXPECT_EQ(keys,
            "schema run experiment agent model dataset generated_data seed "
            "world_size num_tasks epochs_per_task matrix_rows heads seconds "
            "training_seconds sink_seconds overlap_share incoming_samples "
            "images_per_second phase_seconds tasks ");
  EXPECT_EQ(summary["tasks"][0].dump(),
            R"({"task":0,"seconds":13.0,"agent":{"by_class":)"
            R"({"class_weight":[1.0,1.5]},"by_rank":{},)"
            R"("scalars":{"exemplars":500.0}}})");
}

TEST_F(SummaryTest, OneTaskHasNullForForgettingAndBackwardTransfer) {
  RunStart run = ScriptedRunStart();
  run.num_tasks = 1;
  REPRISE_ASSERT_OK(sink_->OnRunStart(run));
  REPRISE_ASSERT_OK(PlayScriptedTask(0, *sink_));
  REPRISE_ASSERT_OK(sink_->OnRunEnd(ScriptedRunEnd()));
  const json nme = Read()["heads"][0];
  EXPECT_EQ(nme["forgetting"]["value"], nullptr);
  EXPECT_EQ(nme["backward_transfer"]["value"], nullptr);
  EXPECT_EQ(nme["sample_mean_accuracy"]["value"], 0.9);
}

TEST_F(SummaryTest, NothingThatIsNotANumberIsWritten) {
  REPRISE_ASSERT_OK(sink_->OnRunStart(ScriptedRunStart()));
  TaskRecord task;
  task.agent.scalars["drift"] = std::numeric_limits<double>::quiet_NaN();
  task.agent.by_class["weight"] = {std::numeric_limits<double>::infinity()};
  REPRISE_ASSERT_OK(sink_->OnTaskEnd(task));
  REPRISE_ASSERT_OK(sink_->OnRunEnd(RunEnd()));
  const json summary = Read();  // a parse of nan would throw
  EXPECT_EQ(summary["images_per_second"], nullptr);
  EXPECT_EQ(summary["tasks"][0]["agent"]["scalars"]["drift"], nullptr);
  EXPECT_EQ(summary["tasks"][0]["agent"]["by_class"]["weight"][0], nullptr);
  EXPECT_EQ(summary["heads"], json::array());
}

}  // namespace
}  // namespace reprise
