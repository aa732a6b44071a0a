// What every Agent must do, whatever its method: each case runs the training
// loop over ranks as threads, MNISTNet on a few generated images. The agents
// are the rows of conforming_agents.cc.
#include <ATen/ops/empty.h>
#include <ATen/ops/equal.h>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstring>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "core/base/philox.h"
#include "core/base/slices.h"
#include "core/base/status.h"
#include "core/base/status_matchers.h"
#include "core/comm/in_process/ranks_as_threads.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/conformance/conforming_agents.h"
#include "tests/integration/small_run.h"

namespace reprise {
namespace {

constexpr int64_t kClasses = 10;

// [rows, columns] of type `type`, uniform in [-2, 2).
at::Tensor RandomTensor(int64_t rows, int64_t columns, at::ScalarType type,
                        uint32_t stream) {
  at::Tensor values =
      at::empty({rows, columns}, at::TensorOptions(at::kDouble));
  PhiloxStream numbers({1, Purpose::kTest, 0, 0, stream});
  for (int64_t i = 0; i < values.numel(); ++i) {
    values.data_ptr<double>()[i] = 4.0 * numbers.NextUniform() - 2;
  }
  return values.to(type);
}

at::Tensor Parameters(const SmallRunResult& result) {
  return result.model->parameters().master();
}

// A task of `rows`, which are of `classes`; `seen`: classes of earlier tasks.
TaskSpec TaskOf(std::vector<int64_t> classes, std::vector<int64_t> rows,
                const std::set<int64_t>& seen) {
  TaskSpec task = SmallTask(classes, static_cast<int64_t>(rows.size()));
  task.train_indices = std::move(rows);
  task.new_classes.clear();
  for (const int64_t c : classes) {
    if (!seen.count(c)) task.new_classes.push_back(c);
  }
  return task;
}

class AgentConformance : public testing::TestWithParam<ConformingAgent> {
 protected:
  // Three steps of 8 incoming samples over all ranks and a fourth of one sample
  // in the first task, so with several ranks some have none; 8, 8 and 5 in the
  // second.
  SmallRun Run() const {
    SmallRun run;
    run.make_agent = GetParam().make;
    run.tasks = {SmallTask({0, 1, 2, 3, 4}, 25),
                 SmallTask({5, 6, 7, 8, 9}, 21)};
    run.training.epochs = 1;
    run.training.global_batch_size = 8;
    run.training.global_representatives = GetParam().appends ? 5 : 0;
    run.training.evaluate = false;
    run.training.eval_batch_size = 7;
    run.training.regime = Regime(OptimizerOptions{0.05, 0.5, 0});
    run.global_candidates = 4;
    run.representatives_per_class = 2;
    return run;
  }

  // What each rank got.
  std::vector<SmallRunResult> OnRanks(int world_size,
                                      const SmallRun& run) const {
    std::vector<SmallRunResult> results = RunOnThreads(world_size, run);
    for (const SmallRunResult& result : results) {
      REPRISE_EXPECT_OK(result.status);
    }
    return results;
  }

  // Runs, expects all to be well, and gives rank 0's result.
  SmallRunResult Finishes(int world_size, const SmallRun& run,
                          absl::string_view what) const {
    SCOPED_TRACE(absl::StrCat(what, " on ", world_size, " ranks"));
    std::vector<SmallRunResult> results = OnRanks(world_size, run);
    for (const SmallRunResult& result : results) {
      EXPECT_TRUE(at::equal(Parameters(result), Parameters(results[0])));
      EXPECT_TRUE(std::isfinite(Parameters(result).abs().sum().item<double>()));
      EXPECT_EQ(result.epochs.size(), run.tasks.size() * run.training.epochs);
      for (const auto& [name, values] : result.report.by_class) {
        EXPECT_EQ(values.size(), kClasses) << name;
        for (const double value : values) EXPECT_TRUE(std::isfinite(value));
      }
      for (const auto& [name, value] : result.report.scalars) {
        EXPECT_TRUE(std::isfinite(value)) << name;
      }
    }
    for (size_t i = 0; i < results[0].epochs.size(); ++i) {
      const TrainEpochRecord& epoch = results[0].epochs[i];
      const int64_t own = static_cast<int64_t>(
          run.tasks[i / run.training.epochs].train_indices.size());
      if (run.training.max_steps_per_epoch == 0) {
        EXPECT_GE(epoch.incoming_samples, own);
      }
      EXPECT_TRUE(std::isfinite(epoch.loss));
    }
    for (const TestRecord& test : results[0].tests) {
      if (!test.top1.has_value()) continue;
      EXPECT_GE(*test.top1, 0);
      EXPECT_LE(*test.top1, *test.top5);
      EXPECT_LE(*test.top5, 1);
    }
    return std::move(results[0]);
  }
};

TEST_P(AgentConformance, FinishesWithUnevenShortAndEmptyBatches) {
  for (const int world_size : {1, 2, 3}) {
    SmallRun run = Run();
    run.training.evaluate = true;
    Finishes(world_size, run, "two tasks");
    // A rank that has nothing to do in any step of the first task.
    run.tasks[0] = SmallTask({2}, 1);
    Finishes(world_size, run, "one sample, then two tasks");
    // More ranks than samples of a step.
    run = Run();
    run.training.global_batch_size = 2;
    run.training.global_representatives = GetParam().appends ? 2 : 0;
    run.global_candidates = 2;
    run.training.max_steps_per_epoch = 3;
    Finishes(world_size, run, "batches of two");
  }
}

TEST_P(AgentConformance, WorksInEveryScenario) {
  for (const int world_size : {1, 2}) {
    SmallRun run = Run();
    run.training.evaluate = true;
    run.tasks = {SmallTask({0, 1, 2, 3, 4, 5, 6, 7, 8, 9}, 20)};
    Finishes(world_size, run, "one task");
    run.tasks = {SmallTask({3}, 9), SmallTask({7}, 10), SmallTask({1, 2}, 9)};
    Finishes(world_size, run, "tasks of one class");
    // Instances: all classes in each task, other rows.
    const std::vector<int64_t> rows = SmallTask({0, 1, 2}, 33).train_indices;
    run.tasks.clear();
    for (int t = 0; t < 3; ++t) {
      run.tasks.push_back(TaskOf(
          {0, 1, 2}, {rows.begin() + 11 * t, rows.begin() + 11 * (t + 1)},
          t == 0 ? std::set<int64_t>{} : std::set<int64_t>{0, 1, 2}));
    }
    Finishes(world_size, run, "instances");
    // Concatenated: the second task has the rows of the first, too.
    run.tasks = {SmallTask({4, 5}, 10), SmallTask({4, 5, 6}, 20)};
    run.training.reset_at_each_task = true;
    Finishes(world_size, run, "concatenated tasks with a reset");
    run = Run();
    run.training.evaluate = true;
    run.training.epochs = 2;
    run.training.shard = true;
    run.training.augment = true;
    run.training.max_steps_per_epoch = 2;
    Finishes(world_size, run, "two epochs with shards and augmentation");
  }
}

TEST_P(AgentConformance, WithoutBudgetOrRepresentativesStillTrains) {
  SmallRun run = Run();
  run.training.evaluate = true;
  run.training.global_representatives = 0;
  Finishes(2, run, "R = 0");
  run.representatives_per_class = 0;
  run.training.global_representatives = GetParam().appends ? 5 : 0;
  Finishes(2, run, "N = 0");
}

TEST_P(AgentConformance, TheSeedDecidesEveryByte) {
  for (const int world_size : {1, 3}) {
    SmallRun run = Run();
    const std::vector<SmallRunResult> first = OnRanks(world_size, run);
    const std::vector<SmallRunResult> again = OnRanks(world_size, run);
    run.training.seed = 43;
    const std::vector<SmallRunResult> other = OnRanks(world_size, run);
    EXPECT_TRUE(at::equal(Parameters(first[0]), Parameters(again[0])));
    EXPECT_FALSE(at::equal(Parameters(first[0]), Parameters(other[0])));
    for (int rank = 0; rank < world_size; ++rank) {
      EXPECT_EQ(first[rank].incoming, again[rank].incoming);
      EXPECT_EQ(first[rank].drawn, again[rank].drawn);
      EXPECT_EQ(first[rank].report.by_class, again[rank].report.by_class);
      EXPECT_EQ(first[rank].report.scalars, again[rank].report.scalars);
      EXPECT_EQ(first[rank].buffer_content, again[rank].buffer_content);
      if (GetParam().appends) {
        EXPECT_NE(first[rank].drawn, other[rank].drawn);
      }
    }
  }
}

TEST_P(AgentConformance, EvaluationChangesNothing) {
  for (const int world_size : {1, 2}) {
    SmallRun run = Run();
    run.training.epochs = 2;
    run.training.max_steps_per_epoch = 2;
    const std::vector<SmallRunResult> without = OnRanks(world_size, run);
    run.training.evaluate = true;
    const std::vector<SmallRunResult> with = OnRanks(world_size, run);
    EXPECT_TRUE(without[0].tests.empty());
    EXPECT_FALSE(with[0].tests.empty());
    EXPECT_TRUE(at::equal(Parameters(without[0]), Parameters(with[0])));
    for (int rank = 0; rank < world_size; ++rank) {
      EXPECT_EQ(without[rank].incoming, with[rank].incoming);
      EXPECT_EQ(without[rank].drawn, with[rank].drawn);
      EXPECT_EQ(without[rank].report.by_class, with[rank].report.by_class);
      EXPECT_EQ(without[rank].report.scalars, with[rank].report.scalars);
      EXPECT_EQ(without[rank].buffer_content, with[rank].buffer_content);
    }
  }
}

TEST_P(AgentConformance, WithTheGlobalSizesFixedRanksLearnWhatOneLearns) {
  if (!GetParam().same_at_any_world_size) {
    GTEST_SKIP() << "what it rehearses is local to a rank";
  }
  SmallRun run = Run();
  run.type = at::kDouble;
  run.training.evaluate = true;
  // What a task chose shows in the next one's extra rows.
  run.tasks = {SmallTask({0, 1, 2}, 27), SmallTask({3, 4}, 19),
               SmallTask({5}, 9)};
  std::vector<std::vector<int64_t>> chosen[3];  // by ranks - 1, then task
  std::vector<SmallRunResult> results;
  for (const int world_size : {1, 2, 3}) {
    run.prepare = [&](ObservedAgent& agent, Model&, int rank) {
      if (rank > 0) return;
      agent.after_task_start = [&](const TaskContext&, const TaskPlan& plan) {
        chosen[world_size - 1].push_back(plan.extra_training_indices);
      };
    };
    results.push_back(Finishes(world_size, run, "three tasks"));
  }
  const SmallRunResult& one = results[0];
  for (int world_size = 2; world_size <= 3; ++world_size) {
    const SmallRunResult& many = results[world_size - 1];
    EXPECT_EQ(chosen[world_size - 1], chosen[0]);
    EXPECT_EQ(many.report.by_class, one.report.by_class);
    EXPECT_LE(LargestDistance(Parameters(many), Parameters(one),
                              one.model->parameters()),
              1e-9);
    ASSERT_EQ(many.tests.size(), one.tests.size());
    for (size_t i = 0; i < one.tests.size(); ++i) {
      EXPECT_EQ(many.tests[i].correct, one.tests[i].correct);
      EXPECT_EQ(many.tests[i].head, one.tests[i].head);
    }
  }
}

// The largest distance of a step's gradients; the runs have as many steps.
double LargestGradientDistance(const SmallRunResult& a,
                               const SmallRunResult& b) {
  double largest = 0;
  for (size_t step = 0; step < a.gradients.size(); ++step) {
    largest =
        std::max(largest, LargestDistance(b.gradients[step], a.gradients[step],
                                          a.model->parameters()));
  }
  return largest;
}

// Parts of a step's batch, down to single samples, with random masks and crops:
// gradients of the same step at the same parameters, and what comes of them.
TEST_P(AgentConformance, LearnsInPartsWhatItLearnsAtOnce) {
  bool loss_splits = true;
  SmallRun run = Run();
  run.training.augment = true;
  run.prepare = [&](ObservedAgent& agent, Model&, int rank) {
    if (rank == 0) loss_splits = agent.loss_splits();
  };
  const Regime learning = run.training.regime;
  for (const at::ScalarType type : {at::kFloat, at::kDouble}) {
    run.type = type;
    const double tolerance = type == at::kDouble ? 1e-12 : 1e-5;
    for (const int world_size : {1, 2}) {
      const auto run_in = [&](int64_t parts, const Regime& regime) {
        run.training.parts_per_step = parts;
        run.training.regime = regime;
        return OnRanks(world_size, run);
      };
      const auto still = run_in(1, Regime(OptimizerOptions{0, 0, 0}));
      if (!loss_splits) {
        run.training.parts_per_step = 2;
        RunFailingRanksAsThreads(world_size, [&](Communicator& communicator) {
          const absl::Status status = RunOnRanks(run, communicator).status;
          EXPECT_THAT(status, ExitsWith(ExitCode::kUsage));
          EXPECT_THAT(status, FailsWith("cannot be split in parts"));
        });
        continue;
      }
      const auto moved = run_in(1, learning);
      for (const int64_t parts : {3, 100}) {
        const auto still_parts =
            run_in(parts, Regime(OptimizerOptions{0, 0, 0}));
        ASSERT_EQ(still_parts[0].gradients.size(), still[0].gradients.size());
        const double largest =
            LargestGradientDistance(still[0], still_parts[0]);
        EXPECT_LE(largest, tolerance);
        std::printf("%s, %d ranks, %d parts: gradients %.2e (at most %.0e)\n",
                    GetParam().name.c_str(), world_size,
                    static_cast<int>(parts), largest, tolerance);
        const auto moved_parts = run_in(parts, learning);
        EXPECT_LE(
            LargestDistance(Parameters(moved_parts[0]), Parameters(moved[0]),
                            moved[0].model->parameters()),
            10 * tolerance);
        for (int rank = 0; rank < world_size; ++rank) {
          EXPECT_EQ(moved_parts[rank].incoming, moved[rank].incoming);
          EXPECT_EQ(moved_parts[rank].drawn, moved[rank].drawn);
          EXPECT_EQ(moved_parts[rank].report.by_class,
                    moved[rank].report.by_class);
        }
        EXPECT_NEAR(moved_parts[0].epochs[1].loss, moved[0].epochs[1].loss,
                    1e-4 * moved[0].epochs[1].loss);
        EXPECT_EQ(moved_parts[0].epochs[1].incoming_samples,
                  moved[0].epochs[1].incoming_samples);
      }
    }
  }
}

// What sample i adds to the objective, but for its weight.
double TermOf(const LossResult& loss, int64_t i) {
  const double factor = loss.objective_factors.defined()
                            ? loss.objective_factors[i].item<double>()
                            : 1.0;
  return factor * loss.losses[i].item<double>();
}

// At a step of the second task, so that there is something to rehearse and a
// former network: for random logits the gradient is the derivative of
// sum_i w_i l_i, each sample's loss is its own, and asking changes nothing.
TEST_P(AgentConformance, ItsGradientIsTheDerivativeOfItsLosses) {
  constexpr double kStep = 1e-5;
  SmallRun run = Run();
  run.type = at::kDouble;
  int checked = 0;
  run.prepare = [&](ObservedAgent& agent, Model& model, int) {
    const int64_t d = model.num_features();
    agent.after_loss = [&, d](const Batch& batch, LossResult& own) {
      if (batch.step_of_task != (batch.task == 0 ? 0 : 2)) return;
      const int64_t n = batch.size();
      EXPECT_EQ(own.losses.sizes().vec(), std::vector<int64_t>{n});
      EXPECT_EQ(own.logits_gradient.sizes().vec(),
                (std::vector<int64_t>{n, kClasses}));
      const at::Tensor features = RandomTensor(n, d, at::kDouble, 1);
      const auto loss_at = [&](const at::Tensor& logits) {
        absl::StatusOr<LossResult> loss =
            agent.inside().Loss({logits, features}, batch);
        REPRISE_EXPECT_OK(loss);
        return *std::move(loss);
      };
      const at::Tensor logits = RandomTensor(n, kClasses, at::kDouble, 2);
      const LossResult loss = loss_at(logits);
      const at::Tensor gradient =
          loss.logits_gradient.to(at::kCPU).contiguous();
      const double largest = gradient.abs().max().item<double>();
      EXPECT_GT(largest, 0);
      // A column of every sample at once: a sample's loss depends on its own
      // logits only.
      for (int64_t c = 0; c < kClasses; ++c) {
        at::Tensor up = logits.clone(), down = logits.clone();
        up.select(1, c).add_(kStep);
        down.select(1, c).sub_(kStep);
        const LossResult above = loss_at(up), below = loss_at(down);
        for (int64_t i = 0; i < n; ++i) {
          EXPECT_NEAR(gradient.data_ptr<double>()[i * kClasses + c],
                      batch.weights[i] * (TermOf(above, i) - TermOf(below, i)) /
                          (2 * kStep),
                      1e-7 * largest)
              << "task " << batch.task << ", sample " << i << " of "
              << batch.incoming << " + " << n - batch.incoming << ", class "
              << c;
        }
      }
      at::Tensor other = logits.clone();
      other.select(0, 0).add_(RandomTensor(1, kClasses, at::kDouble, 3)[0]);
      const at::Tensor moved = loss_at(other).losses;
      EXPECT_TRUE(at::equal(moved.narrow(0, 1, n - 1),
                            loss.losses.narrow(0, 1, n - 1)));
      const LossResult again = loss_at(logits);
      EXPECT_TRUE(at::equal(again.losses, loss.losses));
      EXPECT_TRUE(at::equal(again.logits_gradient, loss.logits_gradient));
      ++checked;
    };
  };
  Finishes(1, run, "two tasks");
  EXPECT_EQ(checked, 2);
}

TEST_P(AgentConformance, ItsHeadsAnswerInTheRightShape) {
  SmallRun run = Run();
  run.training.evaluate = true;
  // By evaluation: the heads, and whether they answered.
  std::vector<std::vector<std::pair<std::string, bool>>> heads;
  run.prepare = [&](ObservedAgent& agent, Model& model, int rank) {
    const int64_t d = model.num_features();
    agent.after_classifiers = [&, d, rank](
                                  const TaskContext&,
                                  const std::vector<Classifier>& classifiers) {
      std::vector<std::pair<std::string, bool>> answers;
      std::set<std::string> names;
      for (const Classifier& classifier : classifiers) {
        std::optional<bool> answered;
        for (const int64_t n : {0, 1, 3}) {
          const ModelOutput output = {RandomTensor(n, kClasses, at::kFloat, 4),
                                      RandomTensor(n, d, at::kFloat, 5)};
          const ModelOutput before = {output.logits.clone(),
                                      output.features.clone()};
          const std::optional<at::Tensor> scores = classifier.scores(output);
          EXPECT_TRUE(at::equal(output.logits, before.logits));
          EXPECT_TRUE(at::equal(output.features, before.features));
          EXPECT_EQ(scores.has_value(), answered.value_or(scores.has_value()));
          answered = scores.has_value();
          if (!scores.has_value()) continue;
          EXPECT_EQ(scores->sizes().vec(), (std::vector<int64_t>{n, kClasses}));
          EXPECT_FALSE(scores->isnan().any().item<bool>());
        }
        EXPECT_FALSE(classifier.name.empty());
        EXPECT_TRUE(names.insert(classifier.name).second) << classifier.name;
        answers.push_back({classifier.name, *answered});
      }
      EXPECT_FALSE(classifiers.empty());
      if (rank == 0) heads.push_back(std::move(answers));
    };
  };
  const SmallRunResult result = Finishes(2, run, "two tasks");
  // Before and after each of two tasks, whose tests are 1, 1, 2 and 2.
  ASSERT_EQ(heads.size(), 4);
  auto test = result.tests.begin();
  for (size_t e = 0; e < heads.size(); ++e) {
    ASSERT_EQ(heads[e].size(), heads[0].size());
    for (size_t t = 0; t < 1 + e / 2; ++t) {
      for (size_t h = 0; h < heads[e].size(); ++h, ++test) {
        ASSERT_NE(test, result.tests.end());
        EXPECT_EQ(heads[e][h].first, heads[0][h].first);
        EXPECT_EQ(test->head, heads[e][h].first);
        EXPECT_EQ(test->primary, h == 0);
        EXPECT_EQ(test->top1.has_value(), heads[e][h].second);
      }
    }
  }
  EXPECT_EQ(test, result.tests.end());
  // After the last task the primary head knows.
  EXPECT_TRUE(heads.back()[0].second);
}

TEST_P(AgentConformance, WhatItAppendsIsSoundAndWithinItsBound) {
  for (const int world_size : {1, 2, 3}) {
    SmallRun run = Run();
    run.training.epochs = 2;
    std::mutex mutex;
    std::map<std::pair<int64_t, int64_t>, std::vector<int64_t>> positions;
    int64_t appended = 0;  // of all ranks
    run.prepare = [&](ObservedAgent& agent, Model&, int rank) {
      const int64_t most =
          SliceSize(run.training.global_representatives, rank, world_size);
      agent.after_augment = [&, most](Batch& batch) {
        const int64_t n = batch.size();
        EXPECT_LE(n - batch.incoming, most);
        EXPECT_EQ(batch.weights.size(), n);
        EXPECT_EQ(batch.positions.size(), n);
        for (int64_t i = 0; i < n; ++i) {
          EXPECT_TRUE(std::isfinite(batch.weights[i]));
          EXPECT_GT(batch.weights[i], 0);
          const Sample& sample = batch.samples[i];
          // Row, label and id belong together, and were met.
          const Dataset& train = *SmallData().train;
          const Sample original = train.At(sample.id);
          EXPECT_EQ(sample.label, original.label);
          EXPECT_EQ(0, std::memcmp(sample.row, original.row,
                                   train.format.row_bytes()));
          EXPECT_LT(sample.label, batch.task == 0 ? 5 : 10);
          if (i >= batch.incoming) {
            EXPECT_GE(batch.positions[i], batch.global_batch_size);
          }
        }
        std::lock_guard<std::mutex> guard(mutex);
        appended += n - batch.incoming;
        std::vector<int64_t>& of_step =
            positions[{batch.task, batch.step_of_task}];
        of_step.insert(of_step.end(), batch.positions.begin(),
                       batch.positions.end());
      };
    };
    Finishes(world_size, run, "two tasks");
    EXPECT_EQ(appended > 0, GetParam().appends);
    for (auto& [step, of_step] : positions) {
      std::sort(of_step.begin(), of_step.end());
      EXPECT_EQ(std::unique(of_step.begin(), of_step.end()), of_step.end())
          << "task " << step.first << ", step " << step.second;
      EXPECT_GE(of_step.front(), 0);
      EXPECT_LT(of_step.back(), run.training.global_batch_size +
                                    run.training.global_representatives);
    }
  }
}

TEST_P(AgentConformance, ReportsAllClassesFromTheStart) {
  SmallRun run = Run();
  run.training.max_steps_per_epoch = 1;
  AgentReport fresh;
  run.prepare = [&](ObservedAgent& agent, Model&, int) {
    fresh = agent.Report();
    EXPECT_FALSE(agent.name().empty());
  };
  const SmallRunResult result = Finishes(1, run, "two steps");
  EXPECT_EQ(fresh.by_class.size(), result.report.by_class.size());
  for (const auto& [name, values] : fresh.by_class) {
    EXPECT_EQ(values.size(), kClasses) << name;
    EXPECT_TRUE(result.report.by_class.count(name)) << name;
  }
  EXPECT_EQ(fresh.scalars.size(), result.report.scalars.size());
}

TEST_P(AgentConformance, LowersItsOwnLoss) {
  SmallRun run = Run();
  run.tasks = {SmallTask({0, 1, 2, 3, 4}, 60), SmallTask({5, 6}, 30)};
  run.training.epochs = 5;
  for (const int world_size : {1, 2}) {
    const SmallRunResult result = Finishes(world_size, run, "five epochs");
    EXPECT_LT(result.epochs[4].loss, 0.9 * result.epochs[0].loss);
    // What keeps to the former network's outputs has a floor.
    EXPECT_LT(result.epochs[9].loss, result.epochs[5].loss);
  }
}

// The last rank's second call of each hook in turn.
TEST_P(AgentConformance, AHookThatFailsOnOneRankEndsTheRunOnAll) {
  for (const int world_size : {1, 2, 3}) {
    for (const char* failing : {"OnTaskStart", "AugmentBatch", "Loss",
                                "OnStepEnd", "OnTaskEnd", "Classifiers"}) {
      SmallRun run = Run();
      run.training.evaluate = true;
      run.prepare = [&](ObservedAgent& agent, Model&, int rank) {
        if (rank + 1 < world_size) return;
        agent.before = [calls = 0, failing](absl::string_view hook) mutable {
          return hook == failing && ++calls == 2
                     ? StorageError("the lid of the box is closed")
                     : absl::OkStatus();
        };
      };
      std::vector<absl::Status> statuses(world_size);
      RunFailingRanksAsThreads(world_size, [&](Communicator& communicator) {
        statuses[communicator.rank()] = RunOnRanks(run, communicator).status;
      });
      for (const absl::Status& status : statuses) {
        EXPECT_THAT(status, FailsWith("the lid of the box is closed"))
            << failing << " on " << world_size << " ranks";
        EXPECT_THAT(status, ExitsWith(ExitCode::kStorage));
        EXPECT_TRUE(absl::StartsWith(status.message(), "task ")) << status;
      }
    }
  }
}

INSTANTIATE_TEST_SUITE_P(
    Agents, AgentConformance, testing::ValuesIn(ConformingAgents()),
    [](const testing::TestParamInfo<ConformingAgent>& info) {
      return info.param.name;
    });

}  // namespace
}  // namespace reprise
