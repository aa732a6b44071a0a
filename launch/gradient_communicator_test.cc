#include "launch/gradient_communicator.h"

#include "absl/status/statusor.h"
#include "absl/strings/match.h"
#include "core/base/status.h"
#include "core/base/status_matchers.h"
#include "core/comm/communicator.h"
#include "core/comm/in_process/ranks_as_threads.h"
#include "core/tensor/device.h"
#include "gtest/gtest.h"

namespace reprise {
namespace {

DeviceChoice Gpu(int number, int devices) {
  DeviceChoice choice;
  choice.device =
      c10::Device(c10::DeviceType::CUDA, static_cast<c10::DeviceIndex>(number));
  choice.devices = devices;
  return choice;
}

TEST(GradientCommunicator, IsNoneOnCpusAndForOneRank) {
  RunRanksAsThreads(2, [](Communicator& host) {
    for (const char* wanted : {"auto", "host"}) {
      REPRISE_ASSERT_OK_AND_ASSIGN(
          const GradientCommunicator made,
          MakeGradientCommunicator(wanted, DeviceChoice(), host, nullptr));
      EXPECT_EQ(made.on_devices, nullptr);
      EXPECT_EQ(made.warning, "");
    }
  });
  RunRanksAsThreads(1, [](Communicator& host) {
    REPRISE_ASSERT_OK_AND_ASSIGN(
        const GradientCommunicator made,
        MakeGradientCommunicator("nccl", Gpu(0, 1), host, nullptr));
    EXPECT_EQ(made.on_devices, nullptr);
  });
}

TEST(GradientCommunicator, OfRanksThatShareAGpuAutoSaysWhyItIsTheHosts) {
  RunRanksAsThreads(2, [](Communicator& host) {
    REPRISE_ASSERT_OK_AND_ASSIGN(
        const GradientCommunicator made,
        MakeGradientCommunicator("auto", Gpu(0, 1), host, nullptr));
    EXPECT_EQ(made.on_devices, nullptr);
    EXPECT_EQ(made.warning,
              "gradients are summed in host memory, after backward: rank 0: "
              "its host has 1 GPUs for 2 ranks, and NCCL wants one for each");
  });
}

TEST(GradientCommunicator, NcclWhereOneRankHasNoGpuIsEveryRanksError) {
  RunFailingRanksAsThreads(2, [](Communicator& host) {
    const absl::StatusOr<GradientCommunicator> made = MakeGradientCommunicator(
        "nccl", host.rank() == 1 ? DeviceChoice() : Gpu(0, 2), host, nullptr);
    EXPECT_EQ(ExitCodeOf(made.status()), ExitCode::kUsage);
    EXPECT_TRUE(absl::StartsWith(made.status().message(), "--reduction=nccl: "))
        << made.status();
  });
}

}  // namespace
}  // namespace reprise
