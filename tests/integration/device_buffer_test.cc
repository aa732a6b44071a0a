// Training whose rehearsal buffer lies in the memory of devices: the same draws
// and bits as with one in host memory. Devices are emulated in host memory, or,
// where tests run on a GPU, that GPU and NCCL.
#include <ATen/ops/equal.h>

#include <cstdint>
#include <memory>
#include <tuple>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "agents/agent.h"
#include "agents/er/er_agent.h"
#include "agents/nil/nil_agent.h"
#include "agents/regime/regime.h"
#include "core/base/check.h"
#include "core/base/status_matchers.h"
#include "core/buffer/rehearsal_buffer.h"
#include "core/buffer/row_store.h"
#include "core/buffer/slot_directory.h"
#include "core/comm/communicator.h"
#include "core/comm/in_process/ranks_as_threads.h"
#include "core/comm/nccl/device_api.h"
#include "core/comm/nccl/nccl_transport.h"
#include "core/comm/nccl/testing/emulated_devices.h"
#include "core/comm/transport.h"
#include "core/device/tensor_rows.h"
#include "core/device/testing/test_device.h"
#include "core/tensor/optimizer_step.h"
#include "gtest/gtest.h"
#include "models/parameter_store.h"
#include "tests/conformance/rank_cases.h"
#include "tests/integration/small_run.h"

namespace reprise {
namespace {

using Parameters = std::tuple<int, BufferPolicy, BufferKind>;

class DeviceBuffer : public testing::TestWithParam<Parameters> {};

const DeviceApi& Devices() {
  if (TestDevice().is_cpu()) return EmulatedDevices();
  const absl::StatusOr<const DeviceApi*> api = LoadDeviceApi();
  REPRISE_CHECK(api.ok()) << api.status().ToString();
  return **api;
}

// Small enough that rows are replaced and move.
SmallRun RunThatReplacesRows(BufferKind kind) {
  SmallRun run;
  run.buffer = kind;
  run.tasks = {SmallTask({0, 1, 2, 3, 4}, 100), SmallTask({5, 6, 7}, 60)};
  run.global_candidates = 5;
  run.representatives_per_class = 3;
  run.training.epochs = 2;
  run.training.global_batch_size = 9;
  run.training.global_representatives = 7;
  run.training.augment = true;
  run.training.evaluate = false;
  run.training.regime = Regime(OptimizerOptions{0.05, 0.5, 0.0});
  return run;
}

TEST_P(DeviceBuffer, GivesTheRunThatHostMemoryGives) {
  ResetEmulatedDevices();
  const auto& [world_size, policy, kind] = GetParam();
  const bool by_nccl =
      !TestDevice().is_cpu() && kind != BufferKind::kOfEachRank;
  if (by_nccl && (world_size > 1 || !TestDevice().is_cuda())) {
    GTEST_SKIP() << "NCCL wants a GPU for each of " << world_size << " ranks";
  }
  const SmallRun run = RunThatReplacesRows(kind);
  const auto agents = [&, policy = policy](Communicator* devices,
                                           bool on_device) {
    return [=](const AgentSizes& sizes) -> std::unique_ptr<Agent> {
      std::unique_ptr<RowStore> rows;
      if (on_device) {
        rows = MakeTensorRows(run.device, sizes.row_bytes, devices);
      }
      auto buffer = MakeSmallBuffer(sizes, policy, std::move(rows));
      if (policy == BufferPolicy::kReservoir) {
        return MakeErAgent(std::move(buffer));
      }
      return MakeNilAgent({sizes.global_batch, sizes.global_candidates},
                          std::move(buffer));
    };
  };
  RunRanksAsThreads(world_size, [&](Communicator& host) {
    SmallRun of_host = run, of_device = run;
    of_host.make_agent = agents(nullptr, /*on_device=*/false);
    const SmallRunResult in_host_memory = RunOnRanks(of_host, host);
    REPRISE_ASSERT_OK(in_host_memory.status);
    IssuedCollectives issued;
    std::unique_ptr<Communicator> devices;
    if (run.buffer != BufferKind::kOfEachRank) {
      NcclOptions options;
      options.decorator = [&issued](std::unique_ptr<Transport> transport) {
        return MakeRecordingTransport(std::move(transport), &issued);
      };
      REPRISE_ASSERT_OK_AND_ASSIGN(
          devices,
          CreateNcclCommunicator(
              Devices(), run.device.is_cpu() ? host.rank() : run.device.index(),
              host, options));
    }
    of_device.make_agent = agents(devices.get(), /*on_device=*/true);
    const SmallRunResult on_devices = RunOnRanks(of_device, host);
    REPRISE_ASSERT_OK(on_devices.status);
    if (devices != nullptr) {
      REPRISE_EXPECT_OK(devices->Finalize());
    }
    // Rows of a shared buffer did go there: an exchange a step.
    EXPECT_EQ(issued.size(), run.buffer == BufferKind::kOfEachRank
                                 ? 0
                                 : on_devices.drawn.size());
    EXPECT_EQ(on_devices.drawn, in_host_memory.drawn);
    EXPECT_TRUE(at::equal(on_devices.model->parameters().master(),
                          in_host_memory.model->parameters().master()));
    EXPECT_EQ(on_devices.report.by_class, in_host_memory.report.by_class);
    EXPECT_NE(on_devices.buffer_content, 0);
    EXPECT_EQ(on_devices.buffer_content, in_host_memory.buffer_content);
  });
}

INSTANTIATE_TEST_SUITE_P(
    , DeviceBuffer,
    testing::Combine(
        testing::Values(1, 3),
        testing::Values(BufferPolicy::kClassBalanced, BufferPolicy::kReservoir),
        testing::Values(BufferKind::kOfEachRank, BufferKind::kShared,
                        BufferKind::kSharedAsynchronous)));

}  // namespace
}  // namespace reprise
