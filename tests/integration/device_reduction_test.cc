// Training whose gradients are summed on devices, which are emulated: the same
// bits as with sums in host memory.
#include <ATen/ops/equal.h>

#include <cmath>
#include <cstdint>
#include <memory>
#include <tuple>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "agents/regime/regime.h"
#include "agents/training/training_loop.h"
#include "core/base/status_matchers.h"
#include "core/comm/communicator.h"
#include "core/comm/gradients/gradient_reducer.h"
#include "core/comm/in_process/ranks_as_threads.h"
#include "core/comm/nccl/nccl_transport.h"
#include "core/comm/nccl/testing/emulated_devices.h"
#include "core/comm/transport.h"
#include "core/tensor/optimizer_step.h"
#include "gtest/gtest.h"
#include "models/parameter_store.h"
#include "tests/conformance/rank_cases.h"
#include "tests/integration/small_run.h"

namespace reprise {
namespace {

using Compression = GradientReducer::Compression;

class DeviceReduction
    : public testing::TestWithParam<std::tuple<Compression, double>> {};

TEST_P(DeviceReduction, GivesTheParametersThatHostMemoryGives) {
  ResetEmulatedDevices();
  const auto& [compression, factor] = GetParam();
  SmallRun run;
  run.device = at::kCPU;  // emulated devices compute in host memory
  run.method = Method::kNil;
  run.buffer = BufferKind::kSharedAsynchronous;
  run.tasks = {SmallTask({0, 1, 2, 3, 4}, 60), SmallTask({5, 6, 7}, 40)};
  run.global_candidates = 4;
  run.training.epochs = 1;
  run.training.global_batch_size = 10;
  run.training.global_representatives = 6;
  run.training.evaluate = false;
  run.training.regime = Regime(OptimizerOptions{0.05, 0.5, 0.0});
  run.training.first_bucket_bytes = 1 << 10;
  run.training.bucket_bytes = 64 << 10;
  run.training.compression = compression;
  run.training.gradient_predivide_factor = factor;
  RunRanksAsThreads(3, [&](Communicator& host) {
    const SmallRunResult in_host_memory = RunOnRanks(run, host);
    REPRISE_ASSERT_OK(in_host_memory.status);
    IssuedCollectives issued;
    NcclOptions options;
    options.decorator = [&issued](std::unique_ptr<Transport> transport) {
      return MakeRecordingTransport(std::move(transport), &issued);
    };
    REPRISE_ASSERT_OK_AND_ASSIGN(
        const std::unique_ptr<Communicator> devices,
        CreateNcclCommunicator(EmulatedDevices(), host.rank(), host, options));
    SmallRun on_devices = run;
    on_devices.training.device_communicator = devices.get();
    const SmallRunResult result = RunOnRanks(on_devices, host);
    REPRISE_ASSERT_OK(result.status);
    REPRISE_EXPECT_OK(devices->Finalize());
    // They did go there, and not through host memory: each step's buckets.
    int64_t sums = 0;
    for (const Collective& collective : issued) {
      sums += collective.kind == Collective::Kind::kAllReduce ? 1 : 0;
    }
    EXPECT_GE(sums, 3 * static_cast<int64_t>(result.drawn.size()));
    EXPECT_TRUE(at::equal(result.model->parameters().master(),
                          in_host_memory.model->parameters().master()));
    EXPECT_EQ(result.drawn, in_host_memory.drawn);
  });
}

TEST_P(DeviceReduction, TellsAllRanksThatOneHasFailed) {
  ResetEmulatedDevices();
  const auto& [compression, factor] = GetParam();
  SmallRun run;
  run.device = at::kCPU;
  run.tasks = {SmallTask({0, 1, 2, 3, 4}, 60)};
  run.training.epochs = 2;
  run.training.global_batch_size = 10;
  run.training.evaluate = false;
  run.training.first_bucket_bytes = 1 << 10;
  run.training.bucket_bytes = 64 << 10;
  run.training.compression = compression;
  run.training.gradient_predivide_factor = factor;
  run.prepare = [](ObservedAgent& agent, Model&, int rank) {
    if (rank != 1) return;
    agent.after_loss = [](const Batch& batch, LossResult& loss) {
      if (batch.step_of_task == 2) loss.losses[0].fill_(std::nan(""));
    };
  };
  RunRanksAsThreads(3, [&](Communicator& host) {
    REPRISE_ASSERT_OK_AND_ASSIGN(
        const std::unique_ptr<Communicator> devices,
        CreateNcclCommunicator(EmulatedDevices(), host.rank(), host));
    SmallRun on_devices = run;
    on_devices.training.device_communicator = devices.get();
    const SmallRunResult result = RunOnRanks(on_devices, host);
    EXPECT_THAT(result.status,
                FailsWith("task 1: epoch 1: rank 1: step 3: the loss is not "
                          "finite for 1 of "));
    EXPECT_EQ(result.gradients.size(), 2);
    // Neither communicator was aborted.
    REPRISE_EXPECT_OK(devices->Finalize());
  });
}

INSTANTIATE_TEST_SUITE_P(
    , DeviceReduction,
    testing::Values(std::make_tuple(Compression::kNone, 1.0),
                    std::make_tuple(Compression::kNone, 3.0),
                    std::make_tuple(Compression::kFloat16, 1.0),
                    std::make_tuple(Compression::kBFloat16, 2.0)));

}  // namespace
}  // namespace reprise
