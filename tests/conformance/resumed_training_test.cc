// A run that is left at any place and gone on with by new objects is the run
// that was never left, byte for byte: every agent, on 1, 2 and 3 ranks, and
// every option that leaves something behind from step to step.
#include <ATen/ops/equal.h>

#include <cstdint>
#include <functional>
#include <ostream>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "agents/regime/regime.h"
#include "core/base/status_matchers.h"
#include "core/metrics/metric_sink.h"
#include "gtest/gtest.h"
#include "tests/conformance/conforming_agents.h"
#include "tests/integration/small_run.h"

namespace reprise {
namespace {

// Two tasks of two epochs of two steps, the second of which leaves some ranks
// without a sample.
SmallRun TwoTasks(const ConformingAgent& agent) {
  SmallRun run;
  run.make_agent = agent.make;
  run.tasks = {SmallTask({0, 1, 2, 3, 4}, 10), SmallTask({5, 6, 7, 8, 9}, 9)};
  run.training.epochs = 2;
  run.training.global_batch_size = 8;
  run.training.global_representatives = agent.appends ? 5 : 0;
  run.training.eval_batch_size = 7;
  run.training.augment = true;
  run.training.regime = Regime(OptimizerOptions{0.05, 0.5, 0});
  run.global_candidates = 4;
  run.representatives_per_class = 2;
  return run;
}

void ExpectSameTraining(const SmallRunResult& resumed,
                        const SmallRunResult& whole) {
  REPRISE_ASSERT_OK(resumed.status);
  EXPECT_TRUE(at::equal(resumed.model->parameters().master(),
                        whole.model->parameters().master()));
  EXPECT_EQ(resumed.incoming, whole.incoming);
  EXPECT_EQ(resumed.drawn, whole.drawn);
  EXPECT_EQ(resumed.report.by_class, whole.report.by_class);
  EXPECT_EQ(resumed.report.by_rank, whole.report.by_rank);
  EXPECT_EQ(resumed.report.scalars, whole.report.scalars);
  EXPECT_EQ(resumed.buffer_content, whole.buffer_content);
  EXPECT_EQ(resumed.places, whole.places);
  ASSERT_EQ(resumed.epochs.size(), whole.epochs.size());
  for (size_t i = 0; i < whole.epochs.size(); ++i) {
    EXPECT_EQ(resumed.epochs[i].loss, whole.epochs[i].loss);
    EXPECT_EQ(resumed.epochs[i].top1, whole.epochs[i].top1);
    EXPECT_EQ(resumed.epochs[i].steps_of_run, whole.epochs[i].steps_of_run);
    EXPECT_EQ(resumed.epochs[i].incoming_samples,
              whole.epochs[i].incoming_samples);
    EXPECT_EQ(resumed.epochs[i].learning_rate, whole.epochs[i].learning_rate);
    EXPECT_GE(resumed.epochs[i].seconds, 0);
  }
  ASSERT_EQ(resumed.tests.size(), whole.tests.size());
  for (size_t i = 0; i < whole.tests.size(); ++i) {
    EXPECT_EQ(resumed.tests[i].head, whole.tests[i].head);
    EXPECT_EQ(resumed.tests[i].correct, whole.tests[i].correct);
    EXPECT_EQ(resumed.tests[i].loss, whole.tests[i].loss);
  }
}

// Leaves `run` at each of its places.
void ExpectResumesAnywhere(SmallRun run, int world_size) {
  const std::vector<SmallRunResult> whole = RunOnThreads(world_size, run);
  REPRISE_ASSERT_OK(whole[0].status);
  // Each task: its start, five times an evaluation or what ends an epoch, its
  // end, its report, and four steps, more where exemplars join the second one.
  ASSERT_GE(whole[0].places, run.tasks.size() * (1 + 5 + 1 + 1 + 4) + 1);
  for (int64_t place = 0; place < whole[0].places; ++place) {
    SCOPED_TRACE(absl::StrCat(world_size, " ranks, left at place ", place));
    run.leave_at = place;
    const std::vector<SmallRunResult> resumed = RunOnThreads(world_size, run);
    for (int rank = 0; rank < world_size; ++rank) {
      ExpectSameTraining(resumed[rank], whole[rank]);
    }
    if (testing::Test::HasFailure()) return;
  }
}

class EveryAgent : public testing::TestWithParam<ConformingAgent> {};

TEST_P(EveryAgent, ResumesAnywhere) {
  for (const int world_size : {1, 2, 3}) {
    ExpectResumesAnywhere(TwoTasks(GetParam()), world_size);
  }
}

INSTANTIATE_TEST_SUITE_P(, EveryAgent, testing::ValuesIn(ConformingAgents()),
                         [](const auto& info) { return info.param.name; });

// What of a run is not the agent's.
struct Variant {
  const char* name;
  std::function<void(SmallRun&)> set;
};

void PrintTo(const Variant& variant, std::ostream* out) {
  *out << variant.name;
}

RegimePhase PhaseOf(int64_t from_epoch, OptimizerKind kind) {
  RegimePhase phase;
  phase.from_epoch = from_epoch;
  phase.kind = kind;
  return phase;
}

std::vector<Variant> Variants() {
  return {
      {"in_parts", [](SmallRun& run) { run.training.parts_per_step = 3; }},
      {"adasum", [](SmallRun& run) { run.training.use_adasum = true; }},
      {"compressed",
       [](SmallRun& run) {
         run.training.compression = GradientReducer::Compression::kBFloat16;
       }},
      {"shards", [](SmallRun& run) { run.training.shard = true; }},
      {"reset_at_each_task",
       [](SmallRun& run) { run.training.reset_at_each_task = true; }},
      {"select_on_test_loss",
       [](SmallRun& run) { run.training.select_on_test_loss = true; }},
      {"fp64", [](SmallRun& run) { run.type = at::kDouble; }},
      {"optimizers_in_turn",
       [](SmallRun& run) {
         run.training.regime = Regime(OptimizerOptions{0.01, 0.5, 0},
                                      {PhaseOf(1, OptimizerKind::kAdam)});
       }},
      {"rms_prop",
       [](SmallRun& run) {
         OptimizerOptions options;
         options.kind = OptimizerKind::kRmsProp;
         options.centered = true;
         options.momentum = 0.5;
         options.lr = 1e-3;
         run.training.regime = Regime(options);
       }},
      {"async_buffer_of_each_rank",
       [](SmallRun& run) {
         run.make_agent = [](AgentSizes sizes) {
           sizes.buffer = BufferKind::kOfEachRankAsynchronous;
           return MakeSmallNil(sizes);
         };
       }},
  };
}

class EveryOption : public testing::TestWithParam<Variant> {};

TEST_P(EveryOption, ResumesAnywhere) {
  for (const ConformingAgent& agent : ConformingAgents()) {
    if (agent.name != "nil_shared_async") continue;
    for (const int world_size : {1, 2}) {
      SmallRun run = TwoTasks(agent);
      GetParam().set(run);
      ExpectResumesAnywhere(run, world_size);
    }
  }
}

INSTANTIATE_TEST_SUITE_P(, EveryOption, testing::ValuesIn(Variants()),
                         [](const auto& info) { return info.param.name; });

}  // namespace
}  // namespace reprise
