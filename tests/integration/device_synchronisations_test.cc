// How often a step makes the host wait for the device: not at all at one rank,
// whose losses are read when a report asks for them.
#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <string>
#include <vector>

#include "agents/batch.h"
#include "agents/regime/regime.h"
#include "core/base/status_matchers.h"
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
