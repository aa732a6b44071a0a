// The training and the evaluation loop over the ranks of a job, which must
// compute what one rank computes. D01 .. D08 are rows of docs/RELIABILITY.md.
#include <ATen/ops/equal.h>

#include <cstdint>
#include <cstdio>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "agents/icarl/icarl_agent.h"
#include "agents/training/batch_input.h"
#include "agents/training/evaluation_loop.h"
#include "agents/training/feature_extraction.h"
#include "core/base/philox.h"
#include "core/base/status_matchers.h"
#include "core/comm/gradients/gradient_reducer.h"
#include "core/comm/in_process/ranks_as_threads.h"
#include "core/comm/transport.h"
#include "core/device/testing/test_device.h"
#include "gtest/gtest.h"
#include "models/mnistnet.h"
#include "tests/conformance/rank_cases.h"
#include "tests/integration/small_run.h"

namespace reprise {
namespace {

// Largest relative distances, per tensor, of gradients of the same step at the
// same parameters, and of the parameters after an epoch.
struct Tolerance {
  at::ScalarType type;
  const char* name;
  double gradients, parameters;
};
constexpr Tolerance kTolerances[] = {{at::kFloat, "fp32", 1e-5, 1e-5},
                                     {at::kDouble, "fp64", 1e-12, 1e-12}};

const std::vector<int64_t> kFirstClasses = {0, 1, 2, 3, 4};
const std::vector<int64_t> kLastClasses = {5, 6, 7, 8, 9};

// Global sizes 64, 20, 20: at 2 ranks (32, 10, 10), at 4 ranks (16, 5, 5). The
// last batch of the epoch is short, and no multiple of the number of ranks.
SmallRun OneEpoch(Method method, at::ScalarType type) {
  SmallRun run;
  run.method = method;
  run.type = type;
  run.tasks = {SmallTask(kFirstClasses, 197)};
  run.training.epochs = 1;
  run.training.global_representatives = method == Method::kNil ? 20 : 0;
  run.training.evaluate = false;
  run.training.regime = Regime(OptimizerOptions{0.05, 0.5, 0.0});
  // Every parameter is a bucket of its own.
  run.training.first_bucket_bytes = run.training.bucket_bytes = 1;
  return run;
}

// 13 steps of 8 samples in each of two tasks.
SmallRun TwoShortTasks(Method method) {
  SmallRun run = OneEpoch(method, at::kFloat);
  run.tasks = {SmallTask(kFirstClasses, 100), SmallTask(kLastClasses, 100)};
  run.training.global_batch_size = 8;
  run.training.global_representatives = method == Method::kNil ? 8 : 0;
  run.global_candidates = 4;
  return run;
}

at::Tensor Parameters(const SmallRunResult& result) {
  return result.model->parameters().master();
}

// Of the ranks, one computes what the results are compared with.
bool Compares(const Communicator& communicator) {
  return communicator.rank() == communicator.world_size() - 1;
}

std::unique_ptr<Model> UntrainedNet() {
  ModelOptions options;
  options.device = TestDevice();
  std::unique_ptr<Model> model = MakeMnistNet(options);
  model->parameters().Initialize(5);
  return model;
}

void ExpectSameOnAllRanks(const at::Tensor& tensor,
                          Communicator& communicator) {
  const at::Tensor host = tensor.to(at::kCPU);
  const int64_t bytes = static_cast<int64_t>(host.nbytes());
  std::string all(bytes * communicator.world_size(), '\0');
  REPRISE_EXPECT_OK(
      communicator.AllGather(host.data_ptr(), bytes, &all[0])->Wait());
  for (int rank = 1; rank < communicator.world_size(); ++rank) {
    EXPECT_TRUE(all.compare(0, bytes, all, rank * bytes, bytes) == 0)
        << "rank " << rank << " differs from rank 0";
  }
}

// What the loop has summed, if it is the CPU's: of a device's gradients it sums
// a copy in host memory, and the noted ones are each rank's own.
void SumOverRanks(std::vector<at::Tensor>& gradients,
                  Communicator& communicator) {
  if (TestDevice().is_cpu() || communicator.world_size() == 1) return;
  for (at::Tensor& sum : gradients) {
    sum = sum.to(at::kCPU);
    const DType type =
        sum.scalar_type() == at::kDouble ? DType::kFloat64 : DType::kFloat32;
    REPRISE_EXPECT_OK(
        communicator
            .AllReduce(sum.data_ptr(), sum.numel(), type, ReduceOp::kSum)
            ->Wait());
  }
}

// Compares `run` on all ranks with `reference`, step by step with a learning
// rate of 0, then after an epoch of learning.
void CheckAgainst(
    const char* name, const Tolerance& tolerance, SmallRun run,
    const std::function<SmallRunResult(const SmallRun&)>& reference,
    Communicator& communicator) {
  const Regime learning = run.training.regime;
  run.training.regime = Regime(OptimizerOptions{0, 0, 0});
  SmallRunResult still = RunOnRanks(run, communicator);
  REPRISE_EXPECT_OK(still.status);
  SumOverRanks(still.gradients, communicator);
  run.training.regime = learning;
  const SmallRunResult moved = RunOnRanks(run, communicator);
  REPRISE_EXPECT_OK(moved.status);
  ExpectSameOnAllRanks(Parameters(moved), communicator);
  if (!Compares(communicator)) return;

  const SmallRunResult moved_reference = reference(run);
  REPRISE_EXPECT_OK(moved_reference.status);
  run.training.regime = Regime(OptimizerOptions{0, 0, 0});
  const SmallRunResult still_reference = reference(run);
  REPRISE_EXPECT_OK(still_reference.status);

  const ParameterStore& layout = still.model->parameters();
  double gradients = 0;
  ASSERT_EQ(still.gradients.size(), still_reference.gradients.size());
  for (size_t step = 0; step < still.gradients.size(); ++step) {
    gradients = std::max(
        gradients, LargestDistance(still.gradients[step],
                                   still_reference.gradients[step], layout));
  }
  const double parameters =
      LargestDistance(Parameters(moved), Parameters(moved_reference), layout);
  std::printf(
      "%s %s, %d ranks: gradients %.2e (at most %.0e), parameters %.2e (at "
      "most %.0e)\n",
      name, tolerance.name, communicator.world_size(), gradients,
      tolerance.gradients, parameters, tolerance.parameters);
  EXPECT_LE(gradients, tolerance.gradients);
  EXPECT_LE(parameters, tolerance.parameters);
}

// D01: the ranks' gradients and parameters are one rank's.
void BaseComputesWhatOneRankComputes(Communicator& communicator,
                                     const IssuedCollectives&) {
  for (const Tolerance& tolerance : kTolerances) {
    CheckAgainst("D01 base", tolerance, OneEpoch(Method::kBase, tolerance.type),
                 RunAlone, communicator);
  }
}

// D01 with buffers that are local to the ranks, hence other ones at other
// numbers of ranks: against the same buffers in one process.
void NilComputesWhatItsBuffersInOneProcessGive(Communicator& communicator,
                                               const IssuedCollectives&) {
  for (const BufferKind buffer :
       {BufferKind::kOfEachRank, BufferKind::kOfEachRankAsynchronous}) {
    const bool asynchronous = buffer == BufferKind::kOfEachRankAsynchronous;
    for (const Tolerance& tolerance : kTolerances) {
      SmallRun run = OneEpoch(Method::kNil, tolerance.type);
      run.buffer = buffer;
      const auto serially = [&](const SmallRun& given) {
        return RunSerially(given, communicator.world_size(),
                           communicator.rank());
      };
      CheckAgainst(asynchronous ? "D01 nil, local asynchronous" : "D01 nil",
                   tolerance, run, serially, communicator);
      const SmallRunResult ranks = RunOnRanks(run, communicator);
      if (!Compares(communicator)) continue;
      const SmallRunResult serial = serially(run);
      EXPECT_EQ(ranks.incoming, serial.incoming);
      EXPECT_EQ(ranks.drawn, serial.drawn);
      // The first step has no representatives; where they are drawn behind a
      // step, nor has the second.
      for (size_t step = 0; step < ranks.drawn.size(); ++step) {
        EXPECT_EQ(ranks.drawn[step].empty(), step < (asynchronous ? 2 : 1))
            << "step " << step;
      }
      EXPECT_EQ(ranks.report.by_class, serial.report.by_class);
    }
  }
}

// D01 with one buffer over all ranks: 1 x (64, 20, 20) = 2 x (32, 10, 10) =
// 4 x (16, 5, 5), draws, counts and weights exactly.
void NilWithASharedBufferComputesWhatOneRankComputes(Communicator& communicator,
                                                     const IssuedCollectives&) {
  for (const BufferKind buffer :
       {BufferKind::kShared, BufferKind::kSharedAsynchronous}) {
    const char* const name = buffer == BufferKind::kShared
                                 ? "D01 nil, shared"
                                 : "D01 nil, shared asynchronous";
    for (const Tolerance& tolerance : kTolerances) {
      SmallRun run = OneEpoch(Method::kNil, tolerance.type);
      run.buffer = buffer;
      CheckAgainst(name, tolerance, run, RunAlone, communicator);
    }
    // Over 56 steps of two tasks; in fp64, as in fp32 rounding that turns one
    // maximum of a pooling window is soon seen in all parameters.
    SmallRun run = OneEpoch(Method::kNil, at::kDouble);
    run.buffer = buffer;
    run.tasks = {SmallTask(kFirstClasses, 197), SmallTask(kLastClasses, 200)};
    run.training.epochs = 7;
    std::vector<std::vector<float>> weights, weights_alone;
    const auto note = [](std::vector<std::vector<float>>& into) {
      return [&into](ObservedAgent& agent, Model&, int) {
        agent.after_augment = [&into](Batch& batch) {
          into.emplace_back(batch.weights.begin() + batch.incoming,
                            batch.weights.end());
        };
      };
    };
    run.prepare = note(weights);
    const SmallRunResult ranks = RunOnRanks(run, communicator);
    REPRISE_EXPECT_OK(ranks.status);
    if (!Compares(communicator)) continue;
    run.prepare = note(weights_alone);
    const SmallRunResult alone = RunAlone(run);
    REPRISE_EXPECT_OK(alone.status);
    ASSERT_EQ(alone.drawn.size(), 8 * run.training.epochs);
    ASSERT_EQ(ranks.drawn.size(), alone.drawn.size());
    for (size_t step = 0; step < alone.drawn.size(); ++step) {
      // Draw i goes to rank i mod W.
      std::vector<int64_t> ids;
      std::vector<float> expected;
      for (size_t i = communicator.rank(); i < alone.drawn[step].size();
           i += communicator.world_size()) {
        ids.push_back(alone.drawn[step][i]);
        expected.push_back(weights_alone[step][i]);
      }
      EXPECT_EQ(ranks.drawn[step], ids) << "step " << step;
      EXPECT_EQ(weights[step], expected) << "step " << step;
    }
    EXPECT_FALSE(alone.drawn.back().empty());
    for (const char* key : {"class_count", "stored", "class_weight"}) {
      EXPECT_EQ(ranks.report.by_class.at(key), alone.report.by_class.at(key));
    }
    const double distance = LargestDistance(
        Parameters(ranks), Parameters(alone), ranks.model->parameters());
    std::printf("%s, %d ranks, %d steps: parameters %.2e (at most 1e-12)\n",
                name, communicator.world_size(),
                static_cast<int>(alone.drawn.size()), distance);
    EXPECT_LE(distance, 1e-12);
  }
}

// The exemplars that join each task, in the agent's order.
using Exemplars = std::vector<std::vector<int64_t>>;

// Each task's into `into`.
auto NoteExemplars(Exemplars& into) {
  return [&into](ObservedAgent& agent, Model&, int) {
    agent.after_task_start = [&into](const TaskContext&, const TaskPlan& plan) {
      into.push_back(plan.extra_training_indices);
    };
  };
}

// D01 for iCaRL over three tasks: exemplars join the second and the third, the
// outputs of the former network are learnt.
//
// Herding chooses by features, which are fp32 in both types. With a learning
// rate of 0 they are the same to the last bit at any number of ranks. Once
// ranks have learnt, their parameters differ in the last places (1e-7 in fp32),
// and a choice between two samples that are as near could fall otherwise, from
// which on the runs would have nothing in common. The nearest choice here is
// one of 5e-5, in scores of about 1: so what is learnt is compared in fp32,
// too, and the exemplars exactly.
void IcarlComputesWhatOneRankComputes(Communicator& communicator,
                                      const IssuedCollectives&) {
  for (const Tolerance& tolerance : kTolerances) {
    SmallRun run = OneEpoch(Method::kIcarl, tolerance.type);
    run.tasks = {SmallTask({0, 1, 2, 3, 4}, 70), SmallTask({5, 6, 7}, 45),
                 SmallTask({8, 9}, 29)};
    run.training.global_batch_size = 16;
    // A budget of 30: 6 of each of five classes, 3 of each of eight.
    run.representatives_per_class = 3;
    CheckAgainst("D01 icarl", tolerance, run, RunAlone, communicator);
    Exemplars of_ranks, of_one;
    run.prepare = NoteExemplars(of_ranks);
    const SmallRunResult ranks = RunOnRanks(run, communicator);
    REPRISE_EXPECT_OK(ranks.status);
    if (Compares(communicator)) {
      run.prepare = NoteExemplars(of_one);
      const SmallRunResult one = RunAlone(run);
      ASSERT_EQ(of_one.size(), 3);
      EXPECT_EQ(of_one[1].size(), 5 * 6);
      EXPECT_EQ(of_one[2].size(), 8 * 3);
      EXPECT_EQ(of_ranks, of_one);
      EXPECT_EQ(ranks.report.by_class, one.report.by_class);
    }
  }
}

// D01: without representatives the first step of nil is that of one rank.
void TheFirstStepOfNilIsThatOfOneRank(Communicator& communicator,
                                      const IssuedCollectives&) {
  SmallRun run = OneEpoch(Method::kNil, at::kDouble);
  run.training.max_steps_per_epoch = 1;
  SmallRunResult ranks = RunOnRanks(run, communicator);
  const SmallRunResult alone = RunAlone(run);
  REPRISE_EXPECT_OK(ranks.status);
  SumOverRanks(ranks.gradients, communicator);
  EXPECT_LE(LargestDistance(ranks.gradients[0], alone.gradients[0],
                            ranks.model->parameters()),
            1e-12);
}

// D01: the epoch's curve.
void RecordsOfAnEpochAreThoseOfOneRank(Communicator& communicator,
                                       const IssuedCollectives&) {
  SmallRun run = OneEpoch(Method::kBase, at::kFloat);
  run.training.evaluate = true;
  const SmallRunResult ranks = RunOnRanks(run, communicator);
  const SmallRunResult alone = RunAlone(run);
  ASSERT_EQ(ranks.epochs.size(), 1);
  EXPECT_EQ(ranks.epochs[0].incoming_samples, 197);
  EXPECT_EQ(ranks.epochs[0].steps, 4);
  EXPECT_NEAR(ranks.epochs[0].loss, alone.epochs[0].loss,
              1e-5 * alone.epochs[0].loss);
  EXPECT_NEAR(ranks.epochs[0].incoming_loss, alone.epochs[0].incoming_loss,
              1e-5 * alone.epochs[0].incoming_loss);
  // One sample may fall to the other side.
  EXPECT_NEAR(ranks.epochs[0].top1, alone.epochs[0].top1, 1.01 / 197);
  ASSERT_EQ(ranks.tests.size(), 2);
  // Before training the parameters are the same.
  EXPECT_EQ(ranks.tests[0].correct, alone.tests[0].correct);
  EXPECT_EQ(ranks.tests[1].samples, alone.tests[1].samples);
  EXPECT_NEAR(*ranks.tests[1].loss, *alone.tests[1].loss,
              1e-5 * *alone.tests[1].loss);
}

// D02: compared after every step, and the bytes afterwards.
void ParametersAreTheSameOnAllRanks(Communicator& communicator,
                                    const IssuedCollectives&) {
  SmallRun run = TwoShortTasks(Method::kNil);
  run.buffer = BufferKind::kSharedAsynchronous;
  run.training.parameter_check_interval = 1;
  const SmallRunResult result = RunOnRanks(run, communicator);
  REPRISE_EXPECT_OK(result.status);
  ExpectSameOnAllRanks(Parameters(result), communicator);
}

// D02: one element of one parameter on the last rank, by a millionth.
void AParameterThatDiffersEndsTheRun(Communicator& communicator,
                                     const IssuedCollectives&) {
  if (communicator.world_size() == 1) return;
  const int last = communicator.world_size() - 1;
  for (const int64_t interval : {2, 100}) {
    SmallRun run = TwoShortTasks(Method::kBase);
    run.training.parameter_check_interval = interval;
    run.prepare = [&](ObservedAgent& agent, Model& model, int rank) {
      if (rank != last) return;
      agent.after_step = [&model](const Batch& batch) {
        if (batch.step_of_task != 2) return;
        ParameterStore& parameters = model.parameters();
        at::Tensor value = parameters.Exported(4);
        value[3][14].mul_(1 + 1e-6);
        parameters.Import(4, value);
        parameters.RefreshLeaves();
      };
    };
    const SmallRunResult result = RunOnRanks(run, communicator);
    EXPECT_THAT(result.status, ExitsWith(ExitCode::kDistributed));
    EXPECT_THAT(result.status,
                FailsWith("task 1: epoch 1: parameter fc1.weight "
                          "differs between rank 0 (digest "));
    EXPECT_THAT(result.status, FailsWith(absl::StrCat("and rank ", last)));
    EXPECT_THAT(result.status,
                FailsWith(interval == 2 ? "after 4 steps" : "after 13 steps"));
    EXPECT_TRUE(IsAgreed(result.status));
  }
}

// Of one rank's evaluation and of all ranks' of the same `samples`.
void ExpectSameConfusion(const HeadResult& ranks, const HeadResult& alone,
                         int64_t samples) {
  ASSERT_EQ(ranks.confusion.has_value(), ranks.answered);
  EXPECT_EQ(ranks.confusion, alone.confusion);
  if (!ranks.answered) return;
  int64_t all = 0, diagonal = 0;
  for (const ConfusionCount& count : *ranks.confusion) {
    EXPECT_GT(count.samples, 0);
    all += count.samples;
    if (count.true_class == count.predicted_class) diagonal += count.samples;
  }
  EXPECT_EQ(all, samples);
  EXPECT_EQ(diagonal, ranks.top1);
}

// D03: test sets that give the ranks nothing, one sample or a few.
void EvaluationCountsAreThoseOfOneRank(Communicator& communicator,
                                       const IssuedCollectives&) {
  const std::unique_ptr<Model> model = UntrainedNet();
  const at::Tensor before = model->parameters().master().clone();
  const BatchInput input(SmallData().test->format);
  int64_t all_top5 = 0;
  for (int64_t n = 0; n <= 2 * communicator.world_size() + 1; ++n) {
    std::vector<int64_t> indices;
    for (int64_t i = 0; i < n; ++i) indices.push_back((7 * i + 3) % 40);
    auto evaluate = [&](Communicator& ranks) {
      return Evaluate(*model, {LogitsClassifier()}, input, *SmallData().test,
                      indices, {/*batch_size=*/2, /*confusion=*/true}, ranks);
    };
    const absl::StatusOr<EvaluationResult> ranks = evaluate(communicator);
    absl::StatusOr<EvaluationResult> alone;
    RunRanksAsThreads(1, [&](Communicator& one) { alone = evaluate(one); });
    REPRISE_ASSERT_OK(ranks);
    REPRISE_ASSERT_OK(alone);
    EXPECT_EQ(ranks->samples, n);
    ASSERT_EQ(ranks->heads.size(), 1);
    EXPECT_EQ(ranks->heads[0].answered, n > 0) << n;
    EXPECT_EQ(ranks->heads[0].top1, alone->heads[0].top1) << n;
    EXPECT_EQ(ranks->heads[0].top5, alone->heads[0].top5) << n;
    EXPECT_NEAR(*ranks->heads[0].loss_sum, *alone->heads[0].loss_sum, 1e-5)
        << n;
    ExpectSameConfusion(ranks->heads[0], alone->heads[0], n);
    all_top5 += ranks->heads[0].top5;
  }
  EXPECT_GT(all_top5, 0);
  EXPECT_TRUE(at::equal(model->parameters().master(), before));
}

// Counting which class is taken for which costs no collective, changes no other
// count and not the network.
void ConfusionRidesAlongWithTheOtherCounts(Communicator& communicator,
                                           const IssuedCollectives& issued) {
  const std::unique_ptr<Model> model = UntrainedNet();
  const at::Tensor before = model->parameters().master().clone();
  const BatchInput input(SmallData().test->format);
  absl::StatusOr<EvaluationResult> results[2];
  size_t collectives[2];
  for (const bool confusion : {false, true}) {
    const size_t first = issued.size();
    results[confusion] = Evaluate(*model, {LogitsClassifier()}, input,
                                  *SmallData().test, {1, 2, 3, 5, 8, 13, 21},
                                  {/*batch_size=*/2, confusion}, communicator);
    collectives[confusion] = issued.size() - first;
    REPRISE_ASSERT_OK(results[confusion]);
  }
  EXPECT_EQ(collectives[0], collectives[1]);
  const HeadResult &without = results[0]->heads[0],
                   &with = results[1]->heads[0];
  EXPECT_FALSE(without.confusion.has_value());
  EXPECT_TRUE(with.confusion.has_value());
  EXPECT_EQ(without.top1, with.top1);
  EXPECT_EQ(without.top5, with.top5);
  EXPECT_EQ(without.loss_sum, with.loss_sum);
  EXPECT_TRUE(at::equal(model->parameters().master(), before));
}

// D03 for iCaRL's heads: the nearest mean of the exemplars that the ranks have
// herded together, and the largest output among the classes seen.
void CountsOfIcarlsHeadsAreThoseOfOneRank(Communicator& communicator,
                                          const IssuedCollectives&) {
  const std::unique_ptr<Model> model = UntrainedNet();
  const BatchInput input(SmallData().test->format);
  const TaskSpec task = SmallTask(kFirstClasses, 60);
  const auto heads_of =
      [&](Communicator& ranks) -> absl::StatusOr<std::vector<Classifier>> {
    const std::unique_ptr<Agent> agent = MakeIcarlAgent({10, 3});
    const TaskContext context = {0, task, *SmallData().train,
                                 [&](const std::vector<int64_t>& rows) {
                                   return ExtractFeatures(*model, input,
                                                          *SmallData().train,
                                                          rows, ranks);
                                 },
                                 /*snapshot=*/nullptr};
    REPRISE_RETURN_IF_ERROR(agent->OnTaskStart(context).status());
    REPRISE_RETURN_IF_ERROR(agent->OnTaskEnd(context));
    return agent->Classifiers(context);
  };
  int64_t all_top1 = 0, all_top5 = 0;
  const absl::StatusOr<std::vector<Classifier>> heads = heads_of(communicator);
  REPRISE_ASSERT_OK(heads);
  for (int64_t n = 1; n <= 2 * communicator.world_size() + 1; ++n) {
    std::vector<int64_t> indices;
    for (int64_t i = 0; i < n; ++i) {
      indices.push_back(task.test_indices[(7 * i + 3) % 20]);
    }
    const auto evaluate = [&](const std::vector<Classifier>& classifiers,
                              Communicator& ranks) {
      return Evaluate(*model, classifiers, input, *SmallData().test, indices,
                      {/*batch_size=*/2, /*confusion=*/true}, ranks);
    };
    const absl::StatusOr<EvaluationResult> ranks =
        evaluate(*heads, communicator);
    absl::StatusOr<EvaluationResult> alone;
    RunRanksAsThreads(1, [&](Communicator& one) {
      const absl::StatusOr<std::vector<Classifier>> own = heads_of(one);
      REPRISE_ASSERT_OK(own);
      alone = evaluate(*own, one);
    });
    REPRISE_ASSERT_OK(ranks);
    REPRISE_ASSERT_OK(alone);
    EXPECT_EQ(ranks->samples, n);
    ASSERT_EQ(ranks->heads.size(), 2);
    EXPECT_EQ(ranks->heads[0].head, "nme");
    for (size_t head = 0; head < 2; ++head) {
      EXPECT_TRUE(ranks->heads[head].answered);
      EXPECT_EQ(ranks->heads[head].top1, alone->heads[head].top1) << n;
      EXPECT_EQ(ranks->heads[head].top5, alone->heads[head].top5) << n;
      ExpectSameConfusion(ranks->heads[head], alone->heads[head], n);
    }
    // The nearest of five means, of which each is among the nearest five.
    EXPECT_EQ(ranks->heads[0].top5, n);
    all_top1 += ranks->heads[0].top1;
    all_top5 += ranks->heads[0].top5;
  }
  EXPECT_GT(all_top1, 0);
  EXPECT_LT(all_top1, all_top5);
}

// D03: with evaluation at every opportunity and without, a run is the same.
void EvaluationChangesNothing(Communicator& communicator,
                              const IssuedCollectives&) {
  SmallRun run = TwoShortTasks(Method::kNil);
  run.buffer = BufferKind::kSharedAsynchronous;
  run.training.epochs = 2;
  run.training.max_steps_per_epoch = 5;
  const SmallRunResult without = RunOnRanks(run, communicator);
  run.training.evaluate = true;
  run.training.eval_batch_size = 3;
  const SmallRunResult with = RunOnRanks(run, communicator);
  REPRISE_EXPECT_OK(with.status);
  // Task 1 three times, then both tasks three times.
  EXPECT_EQ(with.tests.size(), 9);
  EXPECT_TRUE(without.tests.empty());
  EXPECT_TRUE(at::equal(Parameters(with), Parameters(without)));
  EXPECT_EQ(with.incoming, without.incoming);
  EXPECT_EQ(with.drawn, without.drawn);
  EXPECT_EQ(with.report.by_class, without.report.by_class);
  EXPECT_EQ(with.report.scalars, without.report.scalars);
}

// D04: fewer samples than ranks, one more than ranks, a last batch of one; with
// and without fixed shards, with and without a buffer.
void EveryNumberOfSamplesIsTrainedExactlyOnce(Communicator& communicator,
                                              const IssuedCollectives&) {
  const int ranks = communicator.world_size();
  for (const int64_t batch : {1, 2 * ranks, 2 * ranks + 1}) {
    for (const int64_t samples : {1, ranks - 1, ranks + 1, 4 * ranks + 3}) {
      if (samples == 0) continue;
      for (const bool shard : {false, true}) {
        for (const Method method : {Method::kBase, Method::kNil}) {
          SmallRun run = TwoShortTasks(method);
          run.type = at::kDouble;
          run.tasks = {SmallTask(kFirstClasses, samples)};
          run.training.global_batch_size = batch;
          run.training.epochs = 2;
          run.training.shard = shard;
          const std::string what = absl::StrCat(
              samples, " samples in batches of ", batch, ", ",
              shard ? "shards, " : "", method == Method::kNil ? "nil" : "base");
          const SmallRunResult result = RunOnRanks(run, communicator);
          REPRISE_EXPECT_OK(result.status) << what;
          ASSERT_EQ(result.epochs.size(), 2) << what;
          for (const TrainEpochRecord& epoch : result.epochs) {
            EXPECT_EQ(epoch.incoming_samples, samples) << what;
            EXPECT_EQ(epoch.steps, (samples + batch - 1) / batch) << what;
          }
          if (!shard) {
            // What one rank computes: with a buffer that is shared.
            SmallRun whole = run;
            whole.buffer = BufferKind::kShared;
            const SmallRunResult shared = method == Method::kNil
                                              ? RunOnRanks(whole, communicator)
                                              : SmallRunResult{};
            REPRISE_EXPECT_OK(shared.status) << what;
            if (Compares(communicator)) {
              const SmallRunResult alone = RunAlone(whole);
              EXPECT_LE(
                  LargestDistance(
                      Parameters(method == Method::kNil ? shared : result),
                      Parameters(alone), result.model->parameters()),
                  1e-12)
                  << what;
            }
          }
          if (!Compares(communicator)) continue;
          // The weighted mean, through the parameters that it leads to.
          const SmallRunResult serial =
              RunSerially(run, ranks, communicator.rank());
          EXPECT_EQ(result.incoming, serial.incoming) << what;
          EXPECT_EQ(result.drawn, serial.drawn) << what;
          EXPECT_LE(LargestDistance(Parameters(result), Parameters(serial),
                                    result.model->parameters()),
                    1e-12)
              << what;
        }
      }
    }
  }
}

// Each hook of the agent and of autograd comes late by up to half a
// millisecond.
void DelayHooks(uint32_t run, ObservedAgent& agent, Model& model, int rank) {
  auto delays = std::make_shared<PhiloxStream>(
      StreamKey{1, Purpose::kTest, run, 0, static_cast<uint32_t>(rank)});
  const auto sleep = [delays = std::move(delays)] {
    absl::SleepFor(absl::Microseconds(delays->NextBelow(500)));
  };
  agent.before = [sleep](absl::string_view) {
    sleep();
    return absl::OkStatus();
  };
  const ParameterStore& parameters = model.parameters();
  for (size_t i = 0; i < parameters.specs().size(); ++i) {
    parameters.leaf(static_cast<int64_t>(i))
        .register_hook([sleep](const at::Tensor&) { sleep(); });
  }
}

// D07: ten runs with one seed, while hooks and the communication threads are
// late at random, and one with another seed. Of the weights, of what came in
// (iCaRL's exemplars among it) and of all that the buffer holds.
template <Method method, BufferKind buffer>
void SameBytesTenTimes(Communicator& communicator, const IssuedCollectives&) {
  SmallRunResult first;
  for (uint32_t repetition = 0; repetition < 11; ++repetition) {
    SmallRun run = TwoShortTasks(method);
    run.buffer = buffer;
    // Few steps, as each waits for its delays, of which the last ones replace
    // what is stored.
    run.training.max_steps_per_epoch = 7;
    run.representatives_per_class = 2;
    const bool same = repetition < 10;
    if (!same) run.training.seed = 43;
    run.prepare = [&](ObservedAgent& agent, Model& model, int rank) {
      DelayHooks(repetition, agent, model, rank);
    };
    SmallRunResult result = RunOnRanks(run, communicator);
    REPRISE_EXPECT_OK(result.status);
    ExpectSameOnAllRanks(Parameters(result), communicator);
    if (repetition == 0) first = std::move(result);
    const SmallRunResult& present = repetition == 0 ? first : result;
    EXPECT_EQ(at::equal(Parameters(present), Parameters(first)), same)
        << "repetition " << repetition;
    EXPECT_EQ(present.incoming == first.incoming, same)
        << "repetition " << repetition;
    if (method == Method::kNil) {
      EXPECT_EQ(present.buffer_content == first.buffer_content, same)
          << "repetition " << repetition;
      EXPECT_EQ(present.drawn == first.drawn, same);
    }
    if (!same) continue;
    EXPECT_EQ(present.report.by_class, first.report.by_class);
    EXPECT_EQ(present.report.by_rank, first.report.by_rank);
    EXPECT_EQ(present.report.scalars, first.report.scalars);
  }
}

// The upper bound: a new network at each task.
void AResetTaskStartsFromTheInitialParameters(Communicator& communicator,
                                              const IssuedCollectives&) {
  for (const bool reset : {false, true}) {
    SmallRun run = TwoShortTasks(Method::kBase);
    run.training.reset_at_each_task = reset;
    run.training.max_steps_per_epoch = 3;
    std::vector<at::Tensor> at_start;
    run.prepare = [&](ObservedAgent& agent, Model& model, int) {
      agent.after_augment = [&](Batch& batch) {
        if (batch.step_of_task > 0) return;
        at_start.push_back(model.parameters().master().clone());
      };
    };
    const SmallRunResult result = RunOnRanks(run, communicator);
    REPRISE_EXPECT_OK(result.status);
    ASSERT_EQ(at_start.size(), 2);
    EXPECT_EQ(at::equal(at_start[0], at_start[1]), reset);
  }
}

// Whatever the other ranks start from.
void TheInitialParametersAreThoseOfRank0(Communicator& communicator,
                                         const IssuedCollectives&) {
  SmallRun run = TwoShortTasks(Method::kBase);
  run.training.max_steps_per_epoch = 2;
  const SmallRunResult plain = RunOnRanks(run, communicator);
  run.prepare = [](ObservedAgent&, Model& model, int rank) {
    if (rank > 0) model.parameters().Initialize(1000 + rank);
  };
  const SmallRunResult other = RunOnRanks(run, communicator);
  REPRISE_EXPECT_OK(other.status);
  EXPECT_TRUE(at::equal(Parameters(plain), Parameters(other)));
}

// Sums that are rounded to 16 bits: close to the exact ones, the same on all
// ranks and in every run.
void CompressedReductionStaysCloseAndRepeats(Communicator& communicator,
                                             const IssuedCollectives&) {
  using Compression = GradientReducer::Compression;
  for (const Compression compression :
       {Compression::kFloat16, Compression::kBFloat16}) {
    const bool is_fp16 = compression == Compression::kFloat16;
    SmallRun run = OneEpoch(Method::kNil, at::kFloat);
    // A factor that is no power of two; small gradients vanish less.
    run.training.gradient_predivide_factor = is_fp16 ? 0.01 : 1;
    const SmallRunResult exact = RunOnRanks(run, communicator);
    run.training.compression = compression;
    const SmallRunResult once = RunOnRanks(run, communicator);
    const SmallRunResult again = RunOnRanks(run, communicator);
    REPRISE_EXPECT_OK(exact.status);
    REPRISE_EXPECT_OK(once.status);
    ExpectSameOnAllRanks(Parameters(once), communicator);
    EXPECT_TRUE(at::equal(Parameters(once), Parameters(again)));
    const double gradients =
        RelativeDistance(once.gradients[0], exact.gradients[0]);
    const double parameters =
        RelativeDistance(Parameters(once), Parameters(exact));
    if (Compares(communicator)) {
      std::printf("%s, %d ranks: gradients %.2e, parameters %.2e\n",
                  is_fp16 ? "fp16" : "bf16", communicator.world_size(),
                  gradients, parameters);
    }
    // A device's are not what was sent.
    EXPECT_EQ(gradients > 0,
              communicator.world_size() > 1 && TestDevice().is_cpu());
    EXPECT_LE(gradients, is_fp16 ? 2e-3 : 2e-2);
    EXPECT_LE(parameters, is_fp16 ? 1e-3 : 1e-2);
  }
}

// Gradients times a billion, of fp32 those of a loss times 1e33.
void AnOverflowOfScaledGradientsEndsTheRun(Communicator& communicator,
                                           const IssuedCollectives&) {
  using Compression = GradientReducer::Compression;
  for (const Compression compression :
       {Compression::kFloat16, Compression::kNone}) {
    const bool is_fp16 = compression == Compression::kFloat16;
    // One rank has no sum: what such a step leaves is found in the next one.
    if (communicator.world_size() == 1 && !is_fp16) continue;
    SmallRun run = TwoShortTasks(Method::kBase);
    run.training.compression = compression;
    run.training.gradient_predivide_factor = 1e-9;
    run.prepare = [is_fp16](ObservedAgent& agent, Model&, int) {
      if (is_fp16) return;
      agent.after_loss = [](const Batch&, LossResult& loss) {
        loss.logits_gradient.mul_(1e33);
      };
    };
    const SmallRunResult result = RunOnRanks(run, communicator);
    if (communicator.world_size() == 1) {
      REPRISE_EXPECT_OK(result.status);
      continue;
    }
    EXPECT_THAT(
        result.status,
        FailsWith(absl::StrCat(
            "task 1: epoch 1: step 1: the gradients' sum over the ranks is "
            "not finite as ",
            is_fp16 ? "fp16" : "fp32")));
    EXPECT_TRUE(IsAgreed(result.status));
  }
}

// D08: agreeing that no rank has failed costs a good step no collective;
// longer epochs have those of their buckets alone.
void AGoodStepHasTheCollectivesOfItsBucketsAlone(
    Communicator& communicator, const IssuedCollectives& issued) {
  using Compression = GradientReducer::Compression;
  for (const Compression compression :
       {Compression::kNone, Compression::kFloat16}) {
    SmallRun run = TwoShortTasks(Method::kBase);
    run.training.compression = compression;
    run.training.log_interval = 1;
    const auto issued_in = [&](int64_t steps) {
      run.training.max_steps_per_epoch = steps;
      const size_t before = issued.size();
      const SmallRunResult result = RunOnRanks(run, communicator);
      REPRISE_EXPECT_OK(result.status);
      const size_t buckets = result.model->parameters().specs().size();
      return std::make_pair(static_cast<int64_t>(issued.size() - before),
                            static_cast<int64_t>(buckets));
    };
    const auto [of_three, buckets] = issued_in(3);
    const auto [of_ten, same] = issued_in(10);
    const int64_t weight_sum = compression == Compression::kNone ? 0 : 1;
    EXPECT_EQ(of_ten - of_three, communicator.world_size() == 1
                                     ? 0
                                     : 2 * 7 * (buckets + weight_sum));
    EXPECT_EQ(same, buckets);
  }
}

// Adasum: with samples on one rank only its weighted mean is all there is; else
// the same bytes on all ranks and in every run, and learning.
void AdasumCombinesTheRanksMeans(Communicator& communicator,
                                 const IssuedCollectives&) {
  SmallRun run = TwoShortTasks(Method::kBase);
  run.training.use_adasum = true;
  run.training.global_batch_size = 1;
  run.training.max_steps_per_epoch = 5;
  const SmallRunResult one_rank = RunOnRanks(run, communicator);
  REPRISE_EXPECT_OK(one_rank.status);
  EXPECT_LE(RelativeDistance(Parameters(one_rank), Parameters(RunAlone(run))),
            1e-6);

  run = OneEpoch(Method::kNil, at::kFloat);
  run.training.use_adasum = true;
  run.training.epochs = 3;
  const SmallRunResult once = RunOnRanks(run, communicator);
  const SmallRunResult again = RunOnRanks(run, communicator);
  REPRISE_EXPECT_OK(once.status);
  ExpectSameOnAllRanks(Parameters(once), communicator);
  EXPECT_TRUE(at::equal(Parameters(once), Parameters(again)));
  EXPECT_LT(once.epochs[2].loss, once.epochs[0].loss);
  EXPECT_EQ(once.epochs[2].overlap_share, 0);
  run.training.use_adasum = false;
  const SmallRunResult mean = RunOnRanks(run, communicator);
  EXPECT_EQ(at::equal(Parameters(once), Parameters(mean)),
            communicator.world_size() == 1);
}

}  // namespace

std::vector<RankCase> RankCases() {
#define REPRISE_CASE(function) \
  { #function, function }
#define REPRISE_TEN_RUNS(name, method, buffer)              \
  {                                                         \
    "TheSameSeedGivesTheSameBytesTenTimesWith" name,        \
        SameBytesTenTimes<method, buffer>, /*delayed=*/true \
  }
  return {REPRISE_CASE(BaseComputesWhatOneRankComputes),
          REPRISE_CASE(NilComputesWhatItsBuffersInOneProcessGive),
          REPRISE_CASE(NilWithASharedBufferComputesWhatOneRankComputes),
          REPRISE_CASE(IcarlComputesWhatOneRankComputes),
          REPRISE_CASE(TheFirstStepOfNilIsThatOfOneRank),
          REPRISE_CASE(RecordsOfAnEpochAreThoseOfOneRank),
          REPRISE_CASE(ParametersAreTheSameOnAllRanks),
          REPRISE_CASE(AParameterThatDiffersEndsTheRun),
          REPRISE_CASE(EvaluationCountsAreThoseOfOneRank),
          REPRISE_CASE(ConfusionRidesAlongWithTheOtherCounts),
          REPRISE_CASE(CountsOfIcarlsHeadsAreThoseOfOneRank),
          REPRISE_CASE(EvaluationChangesNothing),
          REPRISE_CASE(EveryNumberOfSamplesIsTrainedExactlyOnce),
          REPRISE_TEN_RUNS("Base", Method::kBase, BufferKind::kOfEachRank),
          REPRISE_TEN_RUNS("Icarl", Method::kIcarl, BufferKind::kOfEachRank),
          REPRISE_TEN_RUNS("Nil", Method::kNil, BufferKind::kOfEachRank),
          REPRISE_TEN_RUNS("AsynchronousNil", Method::kNil,
                           BufferKind::kOfEachRankAsynchronous),
          REPRISE_TEN_RUNS("SharedNil", Method::kNil, BufferKind::kShared),
          REPRISE_TEN_RUNS("SharedAsynchronousNil", Method::kNil,
                           BufferKind::kSharedAsynchronous),
          REPRISE_CASE(AResetTaskStartsFromTheInitialParameters),
          REPRISE_CASE(TheInitialParametersAreThoseOfRank0),
          REPRISE_CASE(CompressedReductionStaysCloseAndRepeats),
          REPRISE_CASE(AnOverflowOfScaledGradientsEndsTheRun),
          REPRISE_CASE(AGoodStepHasTheCollectivesOfItsBucketsAlone),
          REPRISE_CASE(AdasumCombinesTheRanksMeans)};
#undef REPRISE_TEN_RUNS
#undef REPRISE_CASE
}

}  // namespace reprise
