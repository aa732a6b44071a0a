// A network with batch normalisation over several ranks: every rank evaluates
// with the running statistics of all minibatches.
#include <ATen/Parallel.h>
#include <ATen/ops/allclose.h>
#include <ATen/ops/equal.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <functional>
#include <memory>
#include <vector>

#include "agents/base/base_agent.h"
#include "agents/training_loop.h"
#include "core/base/status_matchers.h"
#include "core/comm/communicator.h"
#include "core/comm/gradient_reducer.h"
#include "core/comm/in_process/ranks_as_threads.h"
#include "core/metrics/metric_sink.h"
#include "data/dataset.h"
#include "data/scenario/scenario.h"
#include "data/synthetic/cifar10_like.h"
#include "gtest/gtest.h"
#include "models/resnet.h"

namespace reprise {
namespace {

constexpr int64_t kPerClass = 5;

const DatasetPair& Images() {
  static const DatasetPair* const images =
      new DatasetPair(GenerateCifar10Like(/*seed=*/7, kPerClass, 1));
  return *images;
}

// Classes {0, 1}, then {2}: 10 and 5 samples.
std::vector<TaskSpec> Tasks() {
  std::vector<TaskSpec> tasks(2);
  tasks[0].classes = tasks[0].new_classes = {0, 1};
  tasks[1].classes = tasks[1].new_classes = {2};
  for (TaskSpec& task : tasks) {
    const auto rows_of = [&](const Dataset& dataset) {
      std::vector<int64_t> rows;
      for (int64_t i = 0; i < dataset.size(); ++i) {
        if (std::count(task.classes.begin(), task.classes.end(),
                       dataset.labels[i]) > 0) {
          rows.push_back(i);
        }
      }
      return rows;
    };
    task.train_indices = rows_of(*Images().train);
    task.test_indices = rows_of(*Images().test);
  }
  return tasks;
}

// The trained networks by rank.
std::vector<std::unique_ptr<Model>> Trained(
    int world_size, int64_t global_batch_size, bool reset = false,
    const std::function<void(TrainingOptions&)>& change = nullptr,
    at::ScalarType type = at::kDouble) {
  at::set_num_threads(1);
  std::vector<std::unique_ptr<Model>> models(world_size);
  RunRanksAsThreads(world_size, [&](Communicator& communicator) {
    const int rank = communicator.rank();
    ModelOptions options;
    options.master_type = options.compute_type = type;
    REPRISE_ASSERT_OK_AND_ASSIGN(
        models[rank], MakeResNet({/*depth=*/18, /*width=*/4}, options));
    models[rank]->parameters().Initialize(42);
    TrainingOptions training;
    training.epochs = 2;
    training.global_batch_size = global_batch_size;
    training.eval_batch_size = 4;
    training.augment = true;
    training.reset_at_each_task = reset;
    training.regime = Regime(OptimizerOptions{0.05, 0.9, 1e-4});
    if (change) change(training);
    const std::unique_ptr<Agent> agent = MakeBaseAgent();
    MetricSink sink;
    const std::vector<TaskSpec> tasks = Tasks();
    REPRISE_EXPECT_OK(Train(training, Images(), tasks, *models[rank], *agent,
                            communicator, sink));
  });
  return models;
}

TEST(BatchNormTraining, LeavesAllRanksWithTheSameBytes) {
  for (const int world_size : {2, 3}) {
    const auto models = Trained(world_size, /*global_batch_size=*/6);
    for (int rank = 1; rank < world_size; ++rank) {
      const RunningStatistics& first = models[0]->running_statistics();
      const RunningStatistics& other = models[rank]->running_statistics();
      EXPECT_TRUE(at::equal(first.means(), other.means()));
      EXPECT_TRUE(at::equal(first.variances(), other.variances()));
      EXPECT_EQ(first.batches_tracked(), other.batches_tracked());
      EXPECT_TRUE(at::equal(models[0]->parameters().master(),
                            models[rank]->parameters().master()));
    }
    EXPECT_FALSE(at::allclose(models[0]->running_statistics().means(),
                              models[0]->running_statistics().means().mul(0)));
  }
}

TEST(BatchNormTraining, ARankWithoutSamplesAddsNothingToTheStatistics) {
  // Two samples a step: the third rank has none, ever.
  const auto two = Trained(2, /*global_batch_size=*/2);
  const auto three = Trained(3, /*global_batch_size=*/2);
  const RunningStatistics& expected = two[0]->running_statistics();
  for (const auto& model : three) {
    const RunningStatistics& found = model->running_statistics();
    EXPECT_TRUE(at::allclose(found.means(), expected.means(), 1e-9, 1e-12));
    EXPECT_TRUE(
        at::allclose(found.variances(), expected.variances(), 1e-9, 1e-12));
    EXPECT_EQ(found.batches_tracked(), expected.batches_tracked());
  }
}

TEST(BatchNormTraining, AResetForgetsTheStatistics) {
  const auto reset = Trained(1, /*global_batch_size=*/5, /*reset=*/true);
  // Two epochs of the last task's five samples.
  EXPECT_EQ(reset[0]->running_statistics().batches_tracked(), 2);
  EXPECT_EQ(Trained(1, 5)[0]->running_statistics().batches_tracked(), 6);
}

double Distance(const at::Tensor& a, const at::Tensor& b) {
  return a.to(at::kDouble).sub(b).norm().item<double>() /
         b.norm().item<double>();
}

// With ranks that have no sample in the last step of an epoch.
TEST(SyncBatchNorm, MakesRanksComputeWhatOneRankComputes) {
  const auto synchronised = [](TrainingOptions& training) {
    training.sync_batch_norm = true;
  };
  const auto one = Trained(1, /*global_batch_size=*/4);
  const at::Tensor& exact = one[0]->parameters().master();
  const RunningStatistics& expected = one[0]->running_statistics();
  // How far rounding alone leads a rank that computes in fp32.
  const auto rounded = Trained(1, 4, false, nullptr, at::kFloat);
  const double rounding = Distance(rounded[0]->parameters().master(), exact);
  for (const int world_size : {2, 3}) {
    const auto ranks = Trained(world_size, 4, false, synchronised);
    const RunningStatistics& found = ranks[0]->running_statistics();
    const double parameters = Distance(ranks[0]->parameters().master(), exact);
    EXPECT_LE(parameters, 1e-12);
    EXPECT_LE(Distance(found.means(), expected.means()), 1e-12);
    EXPECT_LE(Distance(found.variances(), expected.variances()), 1e-12);
    EXPECT_EQ(found.batches_tracked(), expected.batches_tracked());
    const auto fp32 = Trained(world_size, 4, false, synchronised, at::kFloat);
    const double in_fp32 = Distance(fp32[0]->parameters().master(), exact);
    EXPECT_LE(in_fp32, 2 * rounding);
    for (const auto& model : fp32) {
      EXPECT_TRUE(at::equal(model->parameters().master(),
                            fp32[0]->parameters().master()));
    }
    const auto apart = Trained(world_size, 4);
    const double unsynchronised =
        Distance(apart[0]->parameters().master(), exact);
    EXPECT_GT(unsynchronised, 1e-3);
    std::printf(
        "%d ranks: parameters %.2e from one rank's in fp64, %.2e in fp32 "
        "(one rank itself %.2e), %.2e not synchronised\n",
        world_size, parameters, in_fp32, rounding, unsynchronised);
  }
}

TEST(SyncBatchNorm, GoesWithPartsCompressionAndAdasum) {
  for (const bool adasum : {false, true}) {
    const auto models = Trained(
        3, 4, false,
        [&](TrainingOptions& training) {
          training.sync_batch_norm = true;
          training.parts_per_step = 2;
          training.use_adasum = adasum;
          if (!adasum) {
            training.compression = GradientReducer::Compression::kBFloat16;
          }
        },
        at::kFloat);
    for (const auto& model : models) {
      EXPECT_TRUE(at::equal(model->parameters().master(),
                            models[0]->parameters().master()));
      EXPECT_TRUE(std::isfinite(
          model->parameters().master().abs().sum().item<double>()));
      // The last step's first part has no sample on any rank.
      const RunningStatistics& statistics = model->running_statistics();
      EXPECT_TRUE(std::isfinite(statistics.means().abs().sum().item<double>()));
      EXPECT_TRUE(std::isfinite(statistics.variances().sum().item<double>()));
      EXPECT_GT(statistics.means().abs().sum().item<double>(), 0);
    }
  }
}

}  // namespace
}  // namespace reprise
