#include "core/metrics/upstream_json/upstream_json_sink.h"

#include <filesystem>
#include <iterator>
#include <memory>
#include <string>
#include <vector>

#include "core/base/file.h"
#include "core/base/status_matchers.h"
#include "core/metrics/testing/scripted_run.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "nlohmann/json.hpp"

namespace reprise {
namespace {

using Json = ::nlohmann::ordered_json;  // compares the order of keys too

class UpstreamJsonTest : public ::testing::Test {
 protected:
  UpstreamJsonTest() : folder_(::testing::TempDir() + "upstream") {
    std::filesystem::remove_all(folder_);
    std::filesystem::create_directories(folder_);
  }

  bool Exists(const std::string& name) const {
    return std::filesystem::exists(folder_ + "/" + name);
  }

  Json Read(const std::string& name) const {
    const auto text = ReadWholeFile(folder_ + "/" + name);
    EXPECT_THAT(text, IsOk());
    return Json::parse(*text);
  }

  const std::string folder_;
};

TEST_F(UpstreamJsonTest, EpochsHaveUpstreamsKeysInPercentCountedFromOne) {
  auto sink = MakeUpstreamJsonSink(folder_);
  REPRISE_ASSERT_OK(PlayScriptedRun(*sink));
  const Json epochs = Read("dl_metrics.json");
  ASSERT_EQ(epochs.size(), 3u);
  EXPECT_EQ(epochs[1], Json::parse(R"({
      "task_id": 2, "epoch": 2, "steps": 8, "train_loss": 0.5,
      "train_prec1": 81.25, "train_prec5": 96.875,
      "train_error1": 18.75, "train_error5": 3.125,
      "train_time": 10.0, "train_step_count": 4,
      "train_img_sec": 50.0, "train_total_img_sec": 100.0})"));
}

TEST_F(UpstreamJsonTest, TasksHoldThePrimaryHeadBeforeAndAfterTraining) {
  auto sink = MakeUpstreamJsonSink(folder_);
  REPRISE_ASSERT_OK(PlayScriptedRun(*sink));
  const Json tasks = Read("tasks_metrics.json");
  ASSERT_EQ(tasks.size(), 3u);
  const std::vector<std::string> keys = {"task_id", "test_task_metrics",
                                         "time"};
  for (const Json& task : tasks) {
    std::vector<std::string> found;
    for (const auto& item : task.items()) found.push_back(item.key());
    EXPECT_EQ(found, keys);
  }
  EXPECT_EQ(tasks[2]["task_id"], 3);
  EXPECT_EQ(tasks[2]["time"], 13.0);
  const Json& tests = tasks[2]["test_task_metrics"];
  ASSERT_EQ(tests.size(), 6u);
  EXPECT_EQ(tests[0], Json::parse(R"({
      "test_task_id": 1, "epoch": 0, "test_loss": null,
      "test_prec1": null, "test_prec5": null,
      "test_error1": null, "test_error5": null,
      "test_time": 0.5, "test_step_count": 7})"));
  EXPECT_EQ(tests[4], Json::parse(R"({
      "test_task_id": 2, "epoch": 1, "test_loss": null,
      "test_prec1": 97.0, "test_prec5": 100.0,
      "test_error1": 3.0, "test_error5": 0.0,
      "test_time": 0.5, "test_step_count": 7})"));
}

TEST_F(UpstreamJsonTest, RatesOfTheRunAreSamplesByTrainingSeconds) {
  auto sink = MakeUpstreamJsonSink(folder_);
  REPRISE_ASSERT_OK(PlayScriptedRun(*sink));
  EXPECT_EQ(Read("time_metrics.json"), Json::parse(R"([{
      "total_time": 40.0, "training img_sec": 50.0,
      "training total_img_sec": 100.0}])"));
}

TEST_F(UpstreamJsonTest, ARunKilledInItsSecondTaskLeavesTheFirstTasksFiles) {
  auto sink = MakeUpstreamJsonSink(folder_);
  REPRISE_ASSERT_OK(sink->OnRunStart(ScriptedRunStart()));
  REPRISE_ASSERT_OK(PlayScriptedTask(0, *sink));
  REPRISE_ASSERT_OK(sink->OnTest(TestRecord()));
  sink.reset();
  EXPECT_EQ(Read("dl_metrics.json").size(), 1u);
  const Json tasks = Read("tasks_metrics.json");
  ASSERT_EQ(tasks.size(), 1u);
  EXPECT_EQ(tasks[0]["test_task_metrics"].size(), 2u);
  EXPECT_FALSE(Exists("time_metrics.json"));
}

TEST_F(UpstreamJsonTest, AnEpochWithoutTimeHasNoRateRatherThanInfinity) {
  auto sink = MakeUpstreamJsonSink(folder_);
  REPRISE_ASSERT_OK(sink->OnTrainEpoch(TrainEpochRecord()));
  EXPECT_EQ(Read("dl_metrics.json")[0]["train_img_sec"], nullptr);
}

TEST_F(UpstreamJsonTest, GeneratedDataIsSaidInEveryRecord) {
  auto sink = MakeUpstreamJsonSink(folder_);
  RunStart run = ScriptedRunStart();
  run.generated_data = true;
  REPRISE_ASSERT_OK(sink->OnRunStart(run));
  REPRISE_ASSERT_OK(PlayScriptedTask(0, *sink));
  REPRISE_ASSERT_OK(sink->OnRunEnd(ScriptedRunEnd()));
  for (const char* name :
       {"dl_metrics.json", "tasks_metrics.json", "time_metrics.json"}) {
    for (const Json& record : Read(name)) {
      EXPECT_EQ(record.value("generated_data", false), true) << name;
    }
  }
}

std::vector<UpstreamArgument> Arguments() {
  std::vector<UpstreamArgument> arguments;
  for (const char* name : {"yaml-config",
                           "config",
                           "dataset",
                           "dataset-dir",
                           "tasksets-config",
                           "shard",
                           "agent",
                           "agent-config",
                           "model",
                           "model-config",
                           "checkpoint",
                           "batch-size",
                           "eval-batch-size",
                           "batches-per-allreduce",
                           "dataloader-workers",
                           "epochs",
                           "lr",
                           "momentum",
                           "optimizer",
                           "no-cuda",
                           "seed",
                           "log-interval",
                           "fp16-allreduce",
                           "use-adasum",
                           "gradient-predivide-factor",
                           "weight-decay",
                           "results-dir",
                           "save-dir",
                           "tensorboard"}) {
    arguments.push_back({name, "0"});
  }
  arguments.push_back({"no_evaluate", "true"});
  arguments.push_back({"quick", "{\"ours\": [1]}"});
  return arguments;
}

TEST_F(UpstreamJsonTest, ArgumentsHaveUpstreamsKeysFirstAndOursAfter) {
  UpstreamRunFacts facts;
  facts.world_size = 4;
  REPRISE_ASSERT_OK(WriteUpstreamArgs(folder_, Arguments(), facts));
  const Json args = Read("args.json");
  EXPECT_EQ(args.size(), 36u);
  EXPECT_EQ(args.begin().key(), "yaml_config");
  EXPECT_EQ(std::prev(args.end()).key(), "quick");
  EXPECT_EQ(args["gpus"], 4);
  EXPECT_EQ(args["cuda"], false);
  EXPECT_EQ(args["evaluate"], false);
  EXPECT_EQ(args["no_evaluate"], true);
  EXPECT_EQ(args["tensorwatch"], false);
  EXPECT_EQ(args["quick"]["ours"][0], 1);
}

TEST_F(UpstreamJsonTest, AMissingKeyOfUpstreamIsNamed) {
  std::vector<UpstreamArgument> arguments = Arguments();
  arguments.erase(arguments.begin());
  EXPECT_THAT(WriteUpstreamArgs(folder_, arguments, {}),
              FailsWith("would lack yaml_config"));
  EXPECT_FALSE(Exists("args.json"));
}

TEST_F(UpstreamJsonTest, AValueThatIsNotJsonIsNamed) {
  EXPECT_THAT(WriteUpstreamArgs(folder_, {{"lr", "fast"}}, {}),
              FailsWith("lr is not JSON: fast"));
}

}  // namespace
}  // namespace reprise
