#include "launch/report/testing/scripted_folder.h"

#include "core/base/check.h"
#include "core/metrics/metric_sink.h"
#include "core/metrics/testing/scripted_run.h"

namespace reprise {
namespace {

class Keeper final : public MetricSink {
 public:
  explicit Keeper(RunFolder* run) : run_(*run) {}
  absl::Status OnStep(const StepRecord& step) override {
    run_.steps.push_back(step);
    run_.last_step = step;
    return absl::OkStatus();
  }
  absl::Status OnTrainEpoch(const TrainEpochRecord& epoch) override {
    run_.epochs.push_back(epoch);
    return absl::OkStatus();
  }
  absl::Status OnTest(const TestRecord& test) override {
    run_.tests.push_back(test);
    run_.heads.Add(test);
    return absl::OkStatus();
  }
  absl::Status OnTaskEnd(const TaskRecord& task) override {
    run_.task_ends.push_back(task);
    return absl::OkStatus();
  }

 private:
  RunFolder& run_;
};

}  // namespace

RunFolder ScriptedFolder(int tasks) {
  RunFolder run;
  run.path = "results/scripted";
  run.start = ScriptedRunStart();
  run.heads = HeadMatrices(run.start->num_tasks);
  run.run.host = "node1";
  run.run.pid = 17;
  run.run.is_complete = true;
  run.run.info.run_id = run.start->run_id;
  run.run.info.commit = "0123abc";
  run.run.info.hosts = {"node1", "node2"};
  run.run.info.devices = {"cpu", "cpu"};
  run.run.info.threads = {1, 1};
  run.run.info.world_size = 2;
  run.run.info.seed = 42;
  run.run.info.settings = {{"agent", "\"icarl\"", "command line"},
                           {"scratch", "false", "default"},
                           {"seed", "42", "default"}};
  Keeper keeper(&run);
  for (int task = 0; task < tasks; ++task) {
    REPRISE_CHECK(PlayScriptedTask(task, keeper).ok()) << task;
  }
  if (tasks == 3) {
    run.end = ScriptedRunEnd();
    run.state = RunState::kFinished;
  }
  return run;
}

}  // namespace reprise
