#include "launch/report/run_model.h"

#include <cmath>
#include <cstdint>
#include <limits>
#include <string>

#include "core/metrics/metric_sink.h"
#include "core/metrics/testing/scripted_run.h"
#include "gtest/gtest.h"
#include "launch/report/testing/scripted_folder.h"

namespace reprise {
namespace {

using Json = nlohmann::ordered_json;

TEST(RunModelTest, MeasuresAreTheClosedFormsOfTheScriptedRun) {
  const Json model = RunModel(ScriptedFolder());
  EXPECT_EQ(model["state"], "finished");
  EXPECT_EQ(model["agent"], "icarl");
  EXPECT_EQ(model["world_size"], 2);
  EXPECT_EQ(model["seed"], "42");
  EXPECT_EQ(model["generated_data"], false);
  const Json& nme = model["heads"][0];
  EXPECT_EQ(nme["name"], "nme");
  EXPECT_EQ(nme["primary"], true);
  EXPECT_EQ(nme["accuracy_matrix"], Json::parse("[[0.9],[0.95,0.96],"
                                                "[0.8,0.97,0.91]]"));
  const auto value = [&](const char* name) {
    return nme[name]["value"].get<double>();
  };
  EXPECT_NEAR(value("task_mean_accuracy"), 2.68 / 3, 1e-12);
  EXPECT_NEAR(value("sample_mean_accuracy"), .884, 1e-12);
  EXPECT_NEAR(value("average_incremental_accuracy"), (.9 + 6.68 / 7 + .884) / 3,
              1e-12);
  EXPECT_NEAR(value("forgetting"), .07, 1e-12);
  EXPECT_NEAR(value("backward_transfer"), -.045, 1e-12);
  EXPECT_EQ(model["heads"][1]["name"], "logits");
}

TEST(RunModelTest, EpochsTasksAndTimesAreThoseOfTheRecords) {
  const Json model = RunModel(ScriptedFolder());
  ASSERT_EQ(model["epochs"].size(), 3u);
  EXPECT_EQ(model["epochs"][0]["images_per_second"], 100.0);
  EXPECT_EQ(model["epochs"][0]["representative_loss"], nullptr);
  EXPECT_EQ(model["epochs"][1]["representative_loss"], 0.375);
  ASSERT_EQ(model["tasks"].size(), 3u);
  EXPECT_EQ(model["tasks"][2]["agent"]["scalars"]["exemplars"], 1500.0);
  EXPECT_EQ(model["tasks"][2]["agent"]["by_class"]["class_weight"],
            Json({1.0, 1.5}));
  EXPECT_EQ(model["training_seconds"], 30.0);
  EXPECT_EQ(model["images_per_second"],
            static_cast<double>(ScriptedRunEnd().incoming_samples) / 30);
  EXPECT_EQ(model["overlap_share"], 0.25);
  EXPECT_EQ(model["phase_seconds"]["backward"], 20.0);
  EXPECT_EQ(model["ranks"].size(), 2u);
}

TEST(RunModelTest, StepsStandWhereTheyAreInTheRun) {
  const Json steps = RunModel(ScriptedFolder())["steps"];
  ASSERT_EQ(steps.size(), 12u);
  EXPECT_EQ(steps[0], Json({{"epochs", 0.25}, {"loss", 2.0}}));
  EXPECT_EQ(steps[7], Json({{"epochs", 2.0}, {"loss", 0.5}}));
}

TEST(RunModelTest, RowsOfTheConfusionAreTrueClassesAndItsColumnsAllAnswers) {
  RunFolder run = ScriptedFolder();
  for (TestRecord& test : run.tests) {
    if (test.task != 2 || test.test_task != 1 || !test.confusion) continue;
    test.confusion->push_back({1, kNoClass, 5});
  }
  const Json confusion = RunModel(run)["heads"][0]["confusion"];
  EXPECT_EQ(confusion["task"], 2);
  EXPECT_EQ(confusion["true_classes"], Json({"0", "1", "2"}));
  EXPECT_EQ(confusion["predicted_classes"], Json({"0", "1", "2", "9", "none"}));
  EXPECT_EQ(confusion["counts"], Json::parse("[[320,0,0,80,0],"
                                             "[0,291,0,9,5],"
                                             "[0,0,273,27,0]]"));
}

TEST(RunModelTest, AConfusionOfTooManyClassesHasNoTable) {
  RunFolder run = ScriptedFolder();
  for (TestRecord& test : run.tests) {
    if (!test.confusion) continue;
    for (int64_t i = 0; i < 1'000; ++i) {
      test.confusion->push_back({i, i, 1});
    }
    break;  // the first test of task 0
  }
  run.tests.resize(4);
  const Json confusion = RunModel(run)["heads"][0]["confusion"];
  EXPECT_EQ(confusion["classes"], 1'000);
  EXPECT_TRUE(confusion["counts"].empty());
}

TEST(RunModelTest, RanksAreThoseThatTheRunHasNamed) {
  RunFolder run = ScriptedFolder();
  run.start->world_size = 65536;
  EXPECT_EQ(RunModel(run)["ranks"].size(), 2u);
  EXPECT_EQ(RunModel(run)["world_size"], 65536);
  run.run.info.hosts.clear();
  run.run.info.devices.clear();
  EXPECT_TRUE(RunModel(run)["ranks"].empty());
}

TEST(RunModelTest, WhatAnUnfinishedRunDoesNotKnowIsNull) {
  RunFolder run = ScriptedFolder(/*tasks=*/1);
  run.state = RunState::kFailed;
  run.error = "the disk is full";
  const Json model = RunModel(run);
  EXPECT_EQ(model["state"], "failed");
  EXPECT_EQ(model["error"], "the disk is full");
  EXPECT_EQ(model["overlap_share"], nullptr);
  EXPECT_EQ(model["phase_seconds"], nullptr);
  const Json& nme = model["heads"][0];
  EXPECT_EQ(nme["accuracy_matrix"],
            Json::parse("[[0.9],[null,null],[null,null,null]]"));
  EXPECT_EQ(nme["forgetting"]["value"], nullptr);
  EXPECT_EQ(nme["sample_mean_accuracy"]["value"], nullptr);
  EXPECT_EQ(nme["sample_mean_by_task"][0], .9);
}

TEST(RunModelTest, AClaimAloneLeavesAllElseUnknown) {
  RunFolder run;
  run.path = "results/claimed/";
  const Json model = RunModel(run);
  EXPECT_EQ(model["name"], "claimed");
  EXPECT_EQ(model["state"], "unfinished");
  for (const char* name :
       {"agent", "dataset", "generated_data", "seed", "world_size", "num_tasks",
        "position", "training_seconds", "images_per_second", "overlap_share",
        "phase_seconds", "started", "error"}) {
    EXPECT_EQ(model[name], nullptr) << name;
  }
  EXPECT_TRUE(model["heads"].empty());
  EXPECT_TRUE(model["ranks"].empty());
}

TEST(RunModelTest, ALossThatIsNotFiniteIsWrittenAsNull) {
  RunFolder run = ScriptedFolder();
  run.epochs[0].loss = std::numeric_limits<double>::quiet_NaN();
  const Json written = Json::parse(RunModel(run).dump());
  EXPECT_EQ(written["epochs"][0]["loss"], nullptr);
}

TEST(RunModelTest, SettingsAreTextWithTheirOrigin) {
  RunFolder run = ScriptedFolder();
  run.run.info.settings = {{"lr", "0.01", "default"},
                           {"agent", "\"nil\"", "command line"},
                           {"class_order", "null", "default"}};
  const Json model = RunModel(run);
  EXPECT_EQ(model["settings"][0]["value"], "0.01");
  EXPECT_EQ(model["settings"][1]["value"], "nil");
  EXPECT_EQ(model["settings"][1]["origin"], "command line");
  EXPECT_EQ(model["settings"][2]["value"], "null");
}

}  // namespace
}  // namespace reprise
