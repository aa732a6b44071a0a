// The order in which the training loop reports, which every sink relies on
// (core/metrics/metric_sink.h).
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/string_view.h"
#include "core/base/status_matchers.h"
#include "core/metrics/metric_sink.h"
#include "data/scenario/scenario.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/integration/small_run.h"

namespace reprise {
namespace {

std::string RecordsOf(SmallRun run) {
  std::vector<std::string> records;
  run.answer = [&](absl::string_view record) {
    records.emplace_back(record.substr(2));  // without "On"
    return absl::OkStatus();
  };
  REPRISE_EXPECT_OK(RunAlone(run).status);
  return absl::StrJoin(records, " ");
}

// Two tasks of five steps of eight samples; the last one has two.
SmallRun TwoTasks() {
  SmallRun run;
  for (const int64_t first : {0, 34}) {
    TaskSpec task;
    for (int64_t i = 0; i < 34; ++i) task.train_indices.push_back(first + i);
    task.test_indices = {first, first + 1};
    run.tasks.push_back(task);
  }
  run.training.global_batch_size = 8;
  run.training.epochs = 2;
  return run;
}

TEST(OrderOfRecordsTest, IsThatOfTheRun) {
  SmallRun run = TwoTasks();
  run.training.log_interval = 100;  // the first step and the last
  EXPECT_EQ(RecordsOf(run),
            "Test Step Step TrainEpoch Test Step Step TrainEpoch Test TaskEnd "
            "Test Test Step Step TrainEpoch Test Test "
            "Step Step TrainEpoch Test Test TaskEnd RunEnd");
}

TEST(OrderOfRecordsTest, OfTheStepsEveryNthAndTheLastAreReported) {
  SmallRun run = TwoTasks();
  run.tasks.resize(1);
  run.training.epochs = 1;
  run.training.evaluate = false;
  const std::vector<std::pair<int, int>> cases = {
      {1, 5}, {2, 3}, {3, 3}, {4, 2}, {5, 2}};
  for (const auto& [interval, steps] : cases) {
    run.training.log_interval = interval;
    std::string expected;
    for (int i = 0; i < steps; ++i) expected += "Step ";
    EXPECT_EQ(RecordsOf(run), expected + "TrainEpoch TaskEnd RunEnd")
        << interval;
  }
}

TEST(OrderOfRecordsTest, ConfusionIsThatOfTheLastEvaluationOfATask) {
  SmallRun run = TwoTasks();
  run.training.max_steps_per_epoch = 1;
  const SmallRunResult result = RunAlone(run);
  REPRISE_ASSERT_OK(result.status);
  std::string last;  // task and test task
  for (const TestRecord& test : result.tests) {
    ASSERT_EQ(test.confusion.has_value(), test.epoch == run.training.epochs);
    if (!test.confusion.has_value()) continue;
    absl::StrAppend(&last, test.task, ":", test.test_task, " ");
    int64_t samples = 0, correct = 0;
    for (const ConfusionCount& count : *test.confusion) {
      samples += count.samples;
      if (count.true_class == count.predicted_class) correct += count.samples;
    }
    EXPECT_EQ(samples, test.samples);
    EXPECT_EQ(correct, test.correct);
  }
  EXPECT_EQ(last, "0:0 1:0 1:1 ");
}

}  // namespace
}  // namespace reprise
