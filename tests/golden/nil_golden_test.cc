// The training loop with NIL against tests/golden/nil_reference.py: every draw,
// every count and weight, and the parameters after 54 steps of two tasks.
#include <ATen/core/Tensor.h>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "agents/nil/nil_agent.h"
#include "agents/training/training_loop.h"
#include "core/base/status_matchers.h"
#include "core/comm/in_process/ranks_as_threads.h"
#include "core/device/testing/test_device.h"
#include "core/metrics/metric_sink.h"
#include "gtest/gtest.h"
#include "models/mnistnet.h"
#include "tests/golden/model_values.h"
#include "tests/golden/reference.h"
#include "tests/integration/observed_agent.h"

namespace reprise {
namespace {

using ::nlohmann::json;

// BATCH, REPRESENTATIVES, CANDIDATES, CAPACITY of the script.
constexpr int64_t kBatch = 16, kRepresentatives = 6, kCandidates = 5,
                  kCapacity = 4;

struct Precision {
  const char* name;
  at::ScalarType type;
  double losses, parameters;  // largest relative distances
};

class NilGoldenTest : public testing::TestWithParam<Precision> {};

std::vector<int64_t> Ids(const Batch& batch, int64_t begin, int64_t end) {
  std::vector<int64_t> ids;
  for (int64_t i = begin; i < end; ++i) ids.push_back(batch.samples[i].id);
  return ids;
}

TEST_P(NilGoldenTest, DrawsCountsWeightsAndParametersAreThoseOfTheScript) {
  const json reference = ReadReference("nil_reference");
  const json& steps = reference["steps"];
  ASSERT_EQ(steps.size(), 54);
  const DatasetPair data = ScriptedStripes();
  EXPECT_GE(reference["margins"]["pooling"], kLeastMargin);
  EXPECT_GE(reference["margins"]["relu"], kLeastMargin);

  ModelOptions model_options;
  model_options.device = TestDevice();
  model_options.master_type = model_options.compute_type = GetParam().type;
  const auto model = MakeMnistNet(model_options);
  model->parameters().Initialize(42);

  RehearsalBufferOptions buffer;
  buffer.num_classes = 10;
  buffer.row_bytes = data.train->format.row_bytes();
  buffer.capacity_per_class = kCapacity;
  buffer.candidates = kCandidates;
  buffer.representatives = kRepresentatives;
  ObservedAgent agent(MakeNilAgent(
      {kBatch, kCandidates},
      std::make_unique<RehearsalBuffer>(buffer, /*shared_by=*/nullptr)));

  size_t step = 0;
  double largest_loss_distance = 0;
  agent.after_loss = [&](const Batch& batch, LossResult& loss) {
    ASSERT_LT(step, steps.size());
    EXPECT_EQ(Ids(batch, 0, batch.incoming),
              steps[step]["incoming"].get<std::vector<int64_t>>())
        << "step " << step;
    EXPECT_EQ(Ids(batch, batch.incoming, batch.size()),
              steps[step]["drawn"].get<std::vector<int64_t>>())
        << "step " << step;
    const std::vector<double> losses = Doubles(loss.losses);
    double objective = 0, weight_sum = 0;
    for (int64_t i = 0; i < batch.size(); ++i) {
      objective += batch.weights[i] * losses[i];
      weight_sum += batch.weights[i];
    }
    const double expected = steps[step]["loss"];
    largest_loss_distance =
        std::max(largest_loss_distance,
                 std::abs(objective / weight_sum - expected) / expected);
  };
  agent.after_step = [&](const Batch&) {
    const AgentReport report = agent.Report();
    EXPECT_EQ(report.by_class.at("class_count"),
              steps[step]["class_count"].get<std::vector<double>>())
        << "step " << step;
    // Bit for bit: ln of the C library on both sides.
    EXPECT_EQ(report.by_class.at("class_weight"),
              steps[step]["class_weight"].get<std::vector<double>>())
        << "step " << step;
    std::vector<double> stored, unique;
    for (const json& ids : steps[step]["stored"]) {
      stored.push_back(static_cast<double>(ids.size()));
      const std::set<int64_t> distinct(ids.begin(), ids.end());
      unique.push_back(static_cast<double>(distinct.size()));
    }
    EXPECT_EQ(report.by_class.at("stored"), stored) << "step " << step;
    EXPECT_EQ(report.by_class.at("unique"), unique) << "step " << step;
    ++step;
  };

  TrainingOptions options;
  options.epochs = 2;
  options.global_batch_size = kBatch;
  options.global_representatives = kRepresentatives;
  options.regime = Regime(OptimizerOptions{0.05, 0.5, 0.0});
  RunRanksAsThreads(1, [&](Communicator& communicator) {
    MetricSink sink;
    REPRISE_EXPECT_OK(Train(
        options, data, {ScriptedTask({0, 1, 2, 3}), ScriptedTask({4, 5, 6})},
        *model, agent, communicator, sink));
  });
  EXPECT_EQ(step, steps.size());

  std::printf("%s losses %.2e (at most %.0e)\n", GetParam().name,
              largest_loss_distance, GetParam().losses);
  EXPECT_LE(largest_loss_distance, GetParam().losses);
  const ParameterStore& parameters = model->parameters();
  for (size_t i = 0; i < parameters.specs().size(); ++i) {
    const int number = static_cast<int>(i);
    const double distance = SketchDistance(Doubles(parameters.Exported(number)),
                                           reference["final"][i], number);
    std::printf("%s %-14s %.2e (at most %.0e)\n", GetParam().name,
                parameters.specs()[i].name.c_str(), distance,
                GetParam().parameters);
    EXPECT_LE(distance, GetParam().parameters) << parameters.specs()[i].name;
  }
}

INSTANTIATE_TEST_SUITE_P(
    Nil, NilGoldenTest,
    testing::Values(Precision{"fp64", at::kDouble, 1e-9, 1e-9},
                    Precision{"fp32", at::kFloat, 1e-4, 1e-4}),
    [](const testing::TestParamInfo<Precision>& info) -> std::string {
      return info.param.name;
    });

}  // namespace
}  // namespace reprise
