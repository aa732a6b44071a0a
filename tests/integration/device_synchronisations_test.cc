// How often a step makes the host wait for the device: not at all at one rank,
// whose losses are read when a report asks for them.
#include <ATen/ops/equal.h>

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <limits>
#include <string>
#include <vector>

#include "agents/agent.h"
#include "agents/batch.h"
#include "agents/regime/regime.h"
#include "core/base/status_matchers.h"
#include "core/comm/communicator.h"
#include "core/comm/in_process/ranks_as_threads.h"
#include "core/device/testing/protected_device.h"
#include "gtest/gtest.h"
#include "models/model.h"
#include "tests/integration/observed_agent.h"
#include "tests/integration/small_run.h"

namespace reprise {
namespace {

class DeviceSynchronisations : public testing::TestWithParam<Method> {};

TEST_P(DeviceSynchronisations, NoneInAStepBetweenReports) {
  constexpr int64_t kInterval = 4;
  SmallRun run;
  run.method = GetParam();
  run.device = ProtectedDevice();
  run.tasks = {SmallTask({0, 1, 2, 3, 4}, 120),
               SmallTask({5, 6, 7, 8, 9}, 120)};
  run.training.epochs = 1;
  run.training.global_batch_size = 10;
  run.training.global_representatives = GetParam() == Method::kNil ? 5 : 0;
  run.training.augment = true;
  run.training.evaluate = false;
  run.training.log_interval = kInterval;
  run.training.regime = Regime(OptimizerOptions{0.05, 0.9, 1e-4});
  int64_t before = 0;  // the step
  int64_t most_between = 0, reports = 0, most_at_reports = 0;
  run.prepare = [&](ObservedAgent& agent, Model&, int) {
    // From the end of a step to that of the next one: a report belongs to the
    // step after.
    agent.after_step = [&](const Batch& batch) {
      const int64_t now = SynchronisationsOfProtectedDevice();
      const int64_t waits = now - before;
      before = now;
      if (batch.step_of_epoch == 0) return;
      if ((batch.step_of_epoch - 1) % kInterval == 0) {
        ++reports;
        most_at_reports = std::max(most_at_reports, waits);
      } else {
        most_between = std::max(most_between, waits);
      }
    };
  };
  const SmallRunResult result = RunAlone(run);
  REPRISE_ASSERT_OK(result.status);
  EXPECT_EQ(most_between, 0);
  EXPECT_EQ(most_at_reports, 1);
  EXPECT_GE(reports, 6);
  std::printf("%d waits in a step, %d where it is reported\n",
              static_cast<int>(most_between),
              static_cast<int>(most_at_reports));
}

// From step 3 on no loss is a number. That shows at the report of step 5, but
// the parameters are those after step 2.
TEST(DeviceLosses, ThatAreNotFiniteChangeNoParameter) {
  SmallRun run;
  run.method = Method::kNil;
  run.device = ProtectedDevice();
  run.tasks = {SmallTask({0, 1, 2, 3, 4}, 120)};
  run.training.epochs = 1;
  run.training.global_batch_size = 10;
  run.training.global_representatives = 5;
  run.training.evaluate = false;
  run.training.log_interval = 4;
  run.training.regime = Regime(OptimizerOptions{0.05, 0.9, 1e-4});
  int64_t steps = 0;
  run.prepare = [&](ObservedAgent& agent, Model&, int) {
    agent.after_loss = [](const Batch& batch, LossResult& loss) {
      if (batch.step_of_task < 2) return;
      loss.losses[1].fill_(std::numeric_limits<double>::quiet_NaN());
      loss.logits_gradient[1].fill_(std::numeric_limits<double>::quiet_NaN());
    };
    agent.after_step = [&](const Batch&) { ++steps; };
  };
  SmallRunResult failed;
  RunFailingRanksAsThreads(1, [&](Communicator& communicator) {
    failed = RunOnRanks(run, communicator);
  });
  EXPECT_THAT(failed.status,
              FailsWith("task 1: epoch 1: step 3: the loss is not finite for 1 "
                        "of 15 samples"));
  EXPECT_EQ(steps, 5);
  run.training.max_steps_per_epoch = 2;
  const SmallRunResult two_steps = RunAlone(run);
  REPRISE_ASSERT_OK(two_steps.status);
  EXPECT_TRUE(at::equal(failed.model->parameters().master(),
                        two_steps.model->parameters().master()));
}

INSTANTIATE_TEST_SUITE_P(, DeviceSynchronisations,
                         testing::Values(Method::kBase, Method::kNil,
                                         Method::kIcarl),
                         [](const auto& info) {
                           switch (info.param) {
                             case Method::kBase:
                               return std::string("base");
                             case Method::kNil:
                               return std::string("nil");
                             case Method::kIcarl:
                               break;
                           }
                           return std::string("icarl");
                         });

}  // namespace
}  // namespace reprise
