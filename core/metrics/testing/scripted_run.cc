#include "core/metrics/testing/scripted_run.h"

#include <cmath>
#include <cstdint>

#include "core/base/status.h"

namespace reprise {
namespace {

constexpr double kNme[3][3] = {{.90, 0, 0}, {.95, .96, 0}, {.80, .97, .91}};
constexpr int64_t kTestSamples[3] = {400, 300, 300};
constexpr int64_t kSteps = 4;
constexpr int64_t kStart = 1709251199000000;  // 2024-02-29 23:59:59 UTC

ConfusionCounts ConfusionOf(const TestRecord& test) {
  ConfusionCounts counts = {{test.test_task, test.test_task, test.correct}};
  const int64_t wrong = test.samples - test.correct;
  if (wrong > 0) counts.push_back({test.test_task, 9, wrong});
  return counts;
}

// Counts the seconds of a task.
class Clock {
 public:
  explicit Clock(int task) : now_(kStart + 100'000'000 * (task + 1)) {}
  int64_t Next() { return now_ += 1'000'000; }

 private:
  int64_t now_;
};

absl::Status PlayEvaluation(int task, int64_t epoch, Clock& clock,
                            MetricSink& sink) {
  for (int test_task = 0; test_task <= task; ++test_task) {
    TestRecord test;
    test.task = task;
    test.test_task = test_task;
    test.epoch = epoch;
    test.samples = kTestSamples[test_task];
    test.steps = 7;
    test.seconds = 0.5;
    test.head = "nme";
    test.unix_microseconds = clock.Next();
    if (epoch > 0) {
      test.top1 = kNme[task][test_task];
      test.top5 = 1.0;
      test.correct = std::llround(*test.top1 * test.samples);
      test.confusion = ConfusionOf(test);
    }
    REPRISE_RETURN_IF_ERROR(sink.OnTest(test));
    test.head = "logits";
    test.unix_microseconds = clock.Next();
    test.primary = false;
    test.top1 = test.top5 = epoch > 0 ? 1.0 : 0.1;
    test.correct = std::llround(*test.top1 * test.samples);
    if (epoch > 0) test.confusion = ConfusionOf(test);
    test.loss = 0.25;
    REPRISE_RETURN_IF_ERROR(sink.OnTest(test));
  }
  return absl::OkStatus();
}

}  // namespace

RunStart ScriptedRunStart() {
  RunStart run;
  run.unix_microseconds = kStart;
  run.run_id = "20240229T235959Z-node1-0123456789abcdef";
  run.experiment = "scripted";
  run.agent = "icarl";
  run.model = "mnistnet";
  run.dataset = "mnist";
  run.results_folder = "results/scripted";
  run.world_size = 2;
  run.num_tasks = 3;
  run.epochs_per_task = 1;
  run.seed = 42;
  return run;
}

RunEnd ScriptedRunEnd() {
  RunEnd run;
  run.unix_microseconds = kStart + 400'000'000;
  run.seconds = 40;
  run.phase_seconds[static_cast<int>(Phase::kForward)] = 10;
  run.phase_seconds[static_cast<int>(Phase::kBackward)] = 20;
  run.phase_seconds[static_cast<int>(Phase::kEvaluation)] = 5;
  run.phase_seconds[static_cast<int>(Phase::kOther)] = 5;
  run.incoming_samples = 3000;
  run.training_seconds = 30;
  run.overlap_share = 0.25;
  run.sink_seconds = 0.125;
  run.world_size = 2;
  return run;
}

absl::Status PlayScriptedTask(int task, MetricSink& sink) {
  Clock clock(task);
  REPRISE_RETURN_IF_ERROR(PlayEvaluation(task, 0, clock, sink));
  for (int64_t i = 0; i < kSteps; ++i) {
    StepRecord step;
    step.unix_microseconds = clock.Next();
    step.task = task;
    step.step = i;
    step.steps_in_epoch = kSteps;
    step.global_step = task * kSteps + i;
    step.loss_so_far = 2.0 / (1 + i);
    step.accuracy_so_far = 0.5;
    step.images_per_second = 100;
    step.learning_rate = 0.01;
    step.run_fraction = (step.global_step + 1) / (3.0 * kSteps);
    REPRISE_RETURN_IF_ERROR(sink.OnStep(step));
  }
  TrainEpochRecord epoch;
  epoch.unix_microseconds = clock.Next();
  epoch.task = task;
  epoch.epoch_of_run = task;
  epoch.steps_of_run = (task + 1) * kSteps;
  epoch.steps = kSteps;
  epoch.loss = 0.5;
  epoch.incoming_loss = 0.625;
  if (task > 0) epoch.representative_loss = 0.375;
  epoch.top1 = 0.8125;
  epoch.top5 = 0.96875;
  epoch.seconds = 10;
  epoch.incoming_samples = 1000;
  epoch.representatives = task * 80;
  epoch.learning_rate = 0.01;
  epoch.world_size = 2;
  REPRISE_RETURN_IF_ERROR(sink.OnTrainEpoch(epoch));
  REPRISE_RETURN_IF_ERROR(PlayEvaluation(task, 1, clock, sink));
  TaskRecord record;
  record.unix_microseconds = clock.Next();
  record.task = task;
  record.seconds = 13;
  record.agent.scalars["exemplars"] = 500 * (task + 1);
  record.agent.by_class["class_weight"] = {1, 1.5};
  return sink.OnTaskEnd(record);
}

absl::Status PlayScriptedRun(MetricSink& sink) {
  REPRISE_RETURN_IF_ERROR(sink.OnRunStart(ScriptedRunStart()));
  for (int task = 0; task < 3; ++task) {
    REPRISE_RETURN_IF_ERROR(PlayScriptedTask(task, sink));
  }
  return sink.OnRunEnd(ScriptedRunEnd());
}

}  // namespace reprise
