// The training loop with iCaRL's agent (the paper's variant) against
// tests/golden/icarl_training_reference.py: three tasks, 28 steps. Exemplars,
// batches and what both heads say are to be the same; losses, gradients, scores
// and parameters as close as the precision allows.
#include <ATen/core/Tensor.h>

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "agents/agent.h"
#include "agents/batch.h"
#include "agents/icarl/icarl_agent.h"
#include "agents/training/batch_input.h"
#include "agents/training/training_loop.h"
#include "core/base/sample.h"
#include "core/base/status_matchers.h"
#include "core/comm/in_process/ranks_as_threads.h"
#include "core/device/testing/test_device.h"
#include "core/metrics/metric_sink.h"
#include "gtest/gtest.h"
#include "models/mnistnet.h"
#include "models/model.h"
#include "tests/golden/model_values.h"
#include "tests/golden/reference.h"
#include "tests/integration/observed_agent.h"

namespace reprise {
namespace {

using ::nlohmann::json;

// BATCH, PER_CLASS, EVERY of the script.
constexpr int64_t kBatch = 16, kPerClass = 3, kEvery = 15;

// The largest relative distances: of a step's losses, of the gradients of the
// first step of a later task, of a head's scores, of each parameter after a
// task. The nearest mean's scores are fp32 whatever the network is.
struct Precision {
  const char* name;
  at::ScalarType type;
  double losses, gradients, nme, logits, parameters;
};

constexpr Precision kPrecisions[] = {
    {"fp64", at::kDouble, 1e-13, 1e-13, 5e-7, 1e-13, 1e-13},
    {"fp32", at::kFloat, 1e-6, 1e-5, 5e-6, 1e-6, 1e-6},
};

class IcarlTrainingGoldenTest : public testing::TestWithParam<Precision> {
 protected:
  void Compare(const std::string& what, double distance, double tolerance) {
    std::printf("%s %-28s %.2e (at most %.0e)\n", GetParam().name, what.c_str(),
                distance, tolerance);
    EXPECT_LE(distance, tolerance) << what;
  }
};

// Of all classes, in one list: the order in which they join a task.
std::vector<int64_t> Flat(const json& exemplars) {
  std::vector<int64_t> rows;
  for (const std::vector<int64_t> of_class : exemplars) {
    rows.insert(rows.end(), of_class.begin(), of_class.end());
  }
  return rows;
}

TEST_P(IcarlTrainingGoldenTest, ExemplarsLossesParametersAndHeadsAgree) {
  const Precision& precision = GetParam();
  const json reference = ReadReference("icarl_training_reference");
  const json &steps = reference["steps"], &ends = reference["tasks"];
  ASSERT_EQ(steps.size(), 28u);
  const DatasetPair data = ScriptedStripes();
  EXPECT_GE(reference["margins"]["pooling"], kLeastMargin);
  EXPECT_GE(reference["margins"]["relu"], kLeastMargin);
  EXPECT_GE(reference["margins"]["herding"], 5e-5);
  EXPECT_GE(reference["margins"]["heads"], 5e-6);
  const std::vector<TaskSpec> tasks = {ScriptedTask({0, 1, 2}),
                                       ScriptedTask({3, 4}), ScriptedTask({5})};

  ModelOptions model_options;
  model_options.device = TestDevice();
  model_options.master_type = model_options.compute_type = precision.type;
  const auto model = MakeMnistNet(model_options);
  const ParameterStore& parameters = model->parameters();
  model->parameters().Initialize(42);

  IcarlOptions icarl;
  icarl.representatives_per_class = kPerClass;
  ObservedAgent agent(MakeIcarlAgent(icarl));
  agent.after_task_start = [&](const TaskContext& context,
                               const TaskPlan& plan) {
    EXPECT_EQ(plan.extra_training_indices,
              context.task == 0 ? std::vector<int64_t>{}
                                : Flat(ends.at(context.task - 1)["exemplars"]))
        << "task " << context.task;
  };
  size_t step = 0;
  double largest_loss_distance = 0;
  agent.after_loss = [&](const Batch& batch, LossResult& loss) {
    ASSERT_LT(step, steps.size());
    std::vector<int64_t> ids;
    for (const Sample& sample : batch.samples) ids.push_back(sample.id);
    EXPECT_EQ(ids, steps[step]["ids"].get<std::vector<int64_t>>())
        << "step " << step;
    largest_loss_distance =
        std::max(largest_loss_distance,
                 RelativeDistance(Doubles(loss.losses), steps[step]["losses"]));
    if (!steps[step].contains("logits_gradient")) return;
    // These batches are full.
    Compare("gradient of the logits",
            RelativeDistance(Doubles(loss.logits_gradient.div(kBatch)),
                             steps[step]["logits_gradient"]),
            precision.gradients);
  };
  agent.after_step = [&](const Batch&) {
    ASSERT_LT(step, steps.size());
    if (steps[step].contains("gradients")) {
      for (size_t i = 0; i < parameters.specs().size(); ++i) {
        const int number = static_cast<int>(i);
        Compare("gradient of " + parameters.specs()[i].name,
                SketchDistance(GradientOf(parameters, number, 1),
                               steps[step]["gradients"][i], number),
                precision.gradients);
      }
    }
    ++step;
  };

  // `classifier` on all rows of the classes seen.
  const auto check_head = [&](const Classifier& classifier, int64_t num_seen,
                              const json& expected, double tolerance) {
    std::vector<Sample> samples;
    for (int64_t i = 0; i < num_seen * kScriptedRowsPerClass; ++i) {
      samples.push_back(data.train->At(i));
    }
    const ModelOutput output =
        model->Forward(BatchInput(data.train->format)
                           .Make(samples, {}, precision.type, TestDevice()),
                       ForwardContext{});
    const std::vector<double> scores =
        Doubles(classifier.scores(output)->narrow(1, 0, num_seen));
    std::vector<int64_t> classes;
    std::vector<double> kept;
    for (size_t i = 0; i < samples.size(); ++i) {
      const auto row = scores.begin() + static_cast<int64_t>(i) * num_seen;
      classes.push_back(std::max_element(row, row + num_seen) - row);
      if (i % kEvery == 0) kept.insert(kept.end(), row, row + num_seen);
    }
    EXPECT_EQ(classes, expected["classes"].get<std::vector<int64_t>>())
        << classifier.name;
    Compare("scores of " + classifier.name,
            RelativeDistance(kept, expected["scores"]), tolerance);
  };
  std::vector<bool> checked(tasks.size());
  agent.after_classifiers = [&](const TaskContext& context,
                                const std::vector<Classifier>& heads) {
    // The evaluation after the task's last step, not the one before its first.
    const size_t t = context.task;
    if (step == 0 || steps[step - 1]["task"] != context.task) return;
    const json& end = ends.at(t);
    const int64_t num_seen = static_cast<int64_t>(end["exemplars"].size());
    ASSERT_EQ(heads.size(), 2u);
    EXPECT_EQ(heads[0].name, "nme");
    check_head(heads[0], num_seen, end["nme"], precision.nme);
    EXPECT_EQ(heads[1].name, "logits");
    check_head(heads[1], num_seen, end["logits"], precision.logits);
    for (size_t i = 0; i < parameters.specs().size(); ++i) {
      const int number = static_cast<int>(i);
      Compare(parameters.specs()[i].name,
              SketchDistance(Doubles(parameters.Exported(number)),
                             end["parameters"][i], number),
              precision.parameters);
    }
    checked[t] = true;
  };

  TrainingOptions options;
  options.epochs = 1;
  options.global_batch_size = kBatch;
  options.regime = Regime(OptimizerOptions{0.1, 0.5, 0.0});
  RunRanksAsThreads(1, [&](Communicator& communicator) {
    MetricSink sink;
    REPRISE_EXPECT_OK(
        Train(options, data, tasks, *model, agent, communicator, sink));
  });
  EXPECT_EQ(step, steps.size());
  EXPECT_EQ(checked, std::vector<bool>(tasks.size(), true));
  Compare("losses", largest_loss_distance, precision.losses);

  // The exemplars after the last task are those of one that would follow.
  const TaskSpec next = ScriptedTask({6});
  REPRISE_EXPECT_OK(agent
                        .OnTaskStart({3, next, *data.train, nullptr,
                                      [&] { return model->Clone(); }})
                        .status());
}

INSTANTIATE_TEST_SUITE_P(Icarl, IcarlTrainingGoldenTest,
                         testing::ValuesIn(kPrecisions),
                         [](const testing::TestParamInfo<Precision>& info)
                             -> std::string { return info.param.name; });

}  // namespace
}  // namespace reprise
