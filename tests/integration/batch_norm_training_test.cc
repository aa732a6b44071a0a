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
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "agents/base/base_agent.h"
#include "agents/training/training_loop.h"
#include "core/base/state.h"
#include "core/base/status.h"
#include "core/base/status_matchers.h"
#include "core/comm/communicator.h"
#include "core/comm/decorators/forwarding_transport.h"
#include "core/comm/gradients/gradient_reducer.h"
#include "core/comm/in_process/ranks_as_threads.h"
#include "core/comm/transport.h"
#include "core/device/testing/test_device.h"
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

std::unique_ptr<Model> NewModel(at::ScalarType type) {
  at::set_num_threads(1);
  ModelOptions options;
  options.device = TestDevice();
  options.master_type = options.compute_type = type;
  absl::StatusOr<std::unique_ptr<Model>> model =
      MakeResNet({/*depth=*/18, /*width=*/4}, options);
  REPRISE_EXPECT_OK(model);
  (*model)->parameters().Initialize(42);
  return *std::move(model);
}

TrainingOptions TwoEpochs(int64_t global_batch_size,
                          const std::function<void(TrainingOptions&)>& change) {
  TrainingOptions training;
  training.epochs = 2;
  training.global_batch_size = global_batch_size;
  training.eval_batch_size = 4;
  training.augment = true;
  training.regime = Regime(OptimizerOptions{0.05, 0.9, 1e-4});
  if (change) change(training);
  return training;
}

absl::Status TrainOnRank(Model& model, int64_t global_batch_size, bool reset,
                         const std::function<void(TrainingOptions&)>& change,
                         Communicator& communicator) {
  TrainingOptions training = TwoEpochs(global_batch_size, change);
  training.reset_at_each_task = reset;
  const std::unique_ptr<Agent> agent = MakeBaseAgent();
  MetricSink sink;
  const std::vector<TaskSpec> tasks = Tasks();
  return Train(training, Images(), tasks, model, *agent, communicator, sink);
}

// The trained networks by rank.
std::vector<std::unique_ptr<Model>> Trained(
    int world_size, int64_t global_batch_size, bool reset = false,
    const std::function<void(TrainingOptions&)>& change = nullptr,
    at::ScalarType type = at::kDouble) {
  std::vector<std::unique_ptr<Model>> models(world_size);
  RunRanksAsThreads(world_size, [&](Communicator& communicator) {
    std::unique_ptr<Model>& model = models[communicator.rank()];
    model = NewModel(type);
    REPRISE_EXPECT_OK(
        TrainOnRank(*model, global_batch_size, reset, change, communicator));
  });
  return models;
}

// As TrainOnRank with minibatches of 4, but left before place `leave_at` of the
// loop, and gone on with by a new network, which becomes `model`.
absl::Status TrainInTwoParts(
    int64_t leave_at, const std::function<void(TrainingOptions&)>& change,
    Communicator& communicator, std::unique_ptr<Model>* model) {
  const TrainingOptions training = TwoEpochs(4, change);
  const std::unique_ptr<Agent> agent = MakeBaseAgent();
  MetricSink sink;
  const std::vector<TaskSpec> tasks = Tasks();
  State state;
  for (const bool goes_on : {false, true}) {
    *model = NewModel(at::kDouble);
    REPRISE_ASSIGN_OR_RETURN(
        const std::unique_ptr<TrainingLoop> loop,
        TrainingLoop::Create(
            {training, Images(), tasks, **model, *agent, communicator, sink}));
    if (goes_on) {
      REPRISE_RETURN_IF_ERROR(loop->LoadState(StateReader(&state)));
    }
    int64_t place = 0;
    REPRISE_RETURN_IF_ERROR(loop->Run(
        [&](const RunState&) { return !goes_on && place++ == leave_at; }));
    if (!goes_on) REPRISE_RETURN_IF_ERROR(loop->SaveState(StateWriter(&state)));
  }
  return absl::OkStatus();
}

// Changes what one gather gives one rank: of those of `bytes` from each rank,
// the `which`-th, in element `element` of rank 0's part, by a millionth.
class AlteringTransport final : public ForwardingTransport {
 public:
  AlteringTransport(std::unique_ptr<Transport> inside, int64_t bytes,
                    int64_t which, int64_t element)
      : ForwardingTransport(std::move(inside)),
        bytes_(bytes),
        which_(which),
        element_(element) {}

  absl::StatusOr<std::unique_ptr<Pending>> Start(
      const Collective& collective) override {
    REPRISE_ASSIGN_OR_RETURN(std::unique_ptr<Pending> pending,
                             inside().Start(collective));
    if (collective.kind != Collective::Kind::kAllGather ||
        collective.count * SizeInBytes(collective.dtype) != bytes_ ||
        gathers_++ != which_) {
      return pending;
    }
    auto altered = std::make_unique<AlteredPending>();
    altered->pending = std::move(pending);
    altered->value = static_cast<double*>(collective.data) + element_;
    return altered;
  }

 private:
  struct AlteredPending final : public Pending {
    std::unique_ptr<Pending> pending;
    double* value = nullptr;

    absl::StatusOr<bool> Test() override {
      REPRISE_ASSIGN_OR_RETURN(const bool done, pending->Test());
      if (done) *value *= 1 + 1e-6;
      return done;
    }
  };

  const int64_t bytes_, which_, element_;
  int64_t gathers_ = 0;
};

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

// In the middle of an epoch each rank's statistics are its own.
TEST(BatchNormTraining, GoesOnFromAnyPlace) {
  const std::function<void(TrainingOptions&)> changes[] = {
      nullptr,
      [](TrainingOptions& training) { training.sync_batch_norm = true; },
      [](TrainingOptions& training) { training.select_on_test_loss = true; }};
  for (const auto& change : changes) {
    const auto whole = Trained(2, 4, /*reset=*/false, change);
    // Of the first task: its start, five evaluations and ends of epochs, six
    // steps; and the second one.
    for (int64_t place = 0; place < 26; place += change ? 5 : 1) {
      SCOPED_TRACE(absl::StrCat("left at place ", place));
      RunRanksAsThreads(2, [&](Communicator& communicator) {
        std::unique_ptr<Model> model;
        REPRISE_ASSERT_OK(TrainInTwoParts(place, change, communicator, &model));
        const Model& expected = *whole[communicator.rank()];
        EXPECT_TRUE(at::equal(model->parameters().master(),
                              expected.parameters().master()));
        EXPECT_TRUE(at::equal(model->running_statistics().means(),
                              expected.running_statistics().means()));
        EXPECT_TRUE(at::equal(model->running_statistics().variances(),
                              expected.running_statistics().variances()));
        EXPECT_EQ(model->running_statistics().batches_tracked(),
                  expected.running_statistics().batches_tracked());
      });
    }
  }
}

// D02. The merge sets all ranks to the same statistics, so they can differ
// only where a rank merges something else: here one has been given another
// value, of the last channel of a layer in the middle.
TEST(BatchNormTraining, StatisticsThatDifferEndTheRunAtTheEpochsEnd) {
  const std::unique_ptr<Model> model = NewModel(at::kDouble);
  const RunningStatistics& statistics = model->running_statistics();
  const size_t layer = statistics.layers().size() / 2;
  int64_t element = -1;
  for (size_t i = 0; i <= layer; ++i) {
    element += statistics.layers()[i].channels;
  }
  // Means, then variances, at the end of the first and of the second epoch.
  for (const int64_t which : {0, 1, 2, 3}) {
    RunRanksAsThreads(
        3,
        [&](Communicator& communicator) {
          const std::unique_ptr<Model> own = NewModel(at::kDouble);
          const absl::Status status =
              TrainOnRank(*own, /*global_batch_size=*/6, /*reset=*/false,
                          nullptr, communicator);
          EXPECT_THAT(status, ExitsWith(ExitCode::kDistributed));
          EXPECT_THAT(status, FailsWith(absl::StrCat(
                                  "task 1: epoch ", 1 + which / 2, ": running ",
                                  which % 2 == 0 ? "mean" : "variance", " of ",
                                  statistics.layers()[layer].name,
                                  " differs between rank 0 (digest ")));
          EXPECT_THAT(status, FailsWith("and rank 1 (digest "));
          // Two steps of six samples.
          EXPECT_THAT(status, FailsWith(absl::StrCat(
                                  "after ", which / 2 * 2 + 2, " steps")));
        },
        [&](std::unique_ptr<Transport> transport)
            -> std::unique_ptr<Transport> {
          if (transport->info().rank != 1) return transport;
          return std::make_unique<AlteringTransport>(
              std::move(transport), statistics.means().nbytes(), which,
              element);
        });
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

class SyncBatchNorm : public testing::Test {
 protected:
  void SetUp() override {
    if (TestDevice().is_cpu()) return;
    // Threads share autograd's one thread of a GPU, in which backward of each
    // would wait for the sums of the others.
    GTEST_SKIP() << "synchronised ranks on a GPU have to be processes";
  }
};

// With ranks that have no sample in the last step of an epoch.
TEST_F(SyncBatchNorm, MakesRanksComputeWhatOneRankComputes) {
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

TEST_F(SyncBatchNorm, GoesWithPartsCompressionAndAdasum) {
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

class FullDisk final : public MetricSink {
 public:
  explicit FullDisk(bool is_full) : is_full_(is_full) {}
  absl::Status OnStep(const StepRecord&) override {
    ++steps;
    return is_full_ ? StorageError("the disk is full") : absl::OkStatus();
  }
  int steps = 0;

 private:
  const bool is_full_;
};

// The next step's sums are those of batch normalisation first.
TEST_F(SyncBatchNorm, TellsAllRanksOfAFailureBetweenSteps) {
  at::set_num_threads(1);
  std::vector<absl::Status> statuses(3);
  RunRanksAsThreads(3, [&](Communicator& communicator) {
    const int rank = communicator.rank();
    const std::unique_ptr<Model> model =
        *MakeResNet({/*depth=*/18, /*width=*/4}, {});
    model->parameters().Initialize(42);
    TrainingOptions training;
    training.global_batch_size = 4;
    training.evaluate = false;
    training.log_interval = 1;
    training.sync_batch_norm = true;
    const std::unique_ptr<Agent> agent = MakeBaseAgent();
    FullDisk sink(/*is_full=*/rank == 1);
    statuses[rank] =
        Train(training, Images(), Tasks(), *model, *agent, communicator, sink);
    EXPECT_EQ(sink.steps, 1);
  });
  for (const absl::Status& status : statuses) {
    EXPECT_EQ(status, statuses[0]);
    EXPECT_THAT(status,
                FailsWith("task 1: epoch 1: rank 1: step 1: the disk is full"));
    EXPECT_THAT(status, ExitsWith(ExitCode::kStorage));
  }
}

}  // namespace
}  // namespace reprise
