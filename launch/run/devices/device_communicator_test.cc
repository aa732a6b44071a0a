#include "launch/run/devices/device_communicator.h"

#include <cstdlib>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/match.h"
#include "core/base/status.h"
#include "core/base/status_matchers.h"
#include "core/comm/communicator.h"
#include "core/comm/in_process/ranks_as_threads.h"
#include "core/comm/nccl/testing/emulated_devices.h"
#include "core/comm/transport.h"
#include "gtest/gtest.h"
#include "launch/settings/reduction_settings.h"

namespace reprise {
namespace {

const c10::Device kCpu(c10::DeviceType::CPU);

c10::Device Gpu(int number) {
  return c10::Device(c10::DeviceType::CUDA,
                     static_cast<c10::DeviceIndex>(number));
}

const absl::StatusOr<const DeviceApi*>& Emulated() {
  static const absl::StatusOr<const DeviceApi*> api = &EmulatedDevices();
  return api;
}

TEST(DeviceCommunicator, IsNoneOnCpusAndForOneRank) {
  RunRanksAsThreads(2, [](Communicator& host) {
    for (const ReductionPlace wanted :
         {ReductionPlace::kAuto, ReductionPlace::kHost}) {
      REPRISE_ASSERT_OK_AND_ASSIGN(
          const DeviceCommunicator made,
          MakeDeviceCommunicator(wanted, kCpu, host, nullptr, Emulated()));
      EXPECT_EQ(made.on_devices, nullptr);
      EXPECT_EQ(made.warning, "");
    }
  });
  RunRanksAsThreads(1, [](Communicator& host) {
    REPRISE_ASSERT_OK_AND_ASSIGN(
        const DeviceCommunicator made,
        MakeDeviceCommunicator(ReductionPlace::kNccl, Gpu(0), host, nullptr,
                               Emulated()));
    EXPECT_EQ(made.on_devices, nullptr);
  });
}

TEST(DeviceCommunicator, SumsOnGpusOfTheirOwnAndTellsTheObserver) {
  ResetEmulatedDevices();
  RunRanksAsThreads(2, [](Communicator& host) {
    std::vector<Collective::Kind> observed;
    REPRISE_ASSERT_OK_AND_ASSIGN(
        const DeviceCommunicator made,
        MakeDeviceCommunicator(
            ReductionPlace::kAuto, Gpu(host.rank()), host,
            [&observed](const Collective& collective, absl::Time, absl::Time) {
              observed.push_back(collective.kind);
            },
            Emulated()));
    ASSERT_NE(made.on_devices, nullptr);
    EXPECT_EQ(made.warning, "");
    float one = 1;
    REPRISE_EXPECT_OK(
        made.on_devices->AllReduce(&one, 1, DType::kFloat32, ReduceOp::kSum)
            ->Wait());
    EXPECT_EQ(one, 2);
    REPRISE_EXPECT_OK(made.on_devices->Finalize());
    EXPECT_EQ(observed,
              std::vector<Collective::Kind>{Collective::Kind::kAllReduce});
  });
}

TEST(DeviceCommunicator, OfRanksThatShareAGpuAutoSaysWhyItIsTheHosts) {
  ResetEmulatedDevices();
  RunRanksAsThreads(2, [](Communicator& host) {
    REPRISE_ASSERT_OK_AND_ASSIGN(
        const DeviceCommunicator made,
        MakeDeviceCommunicator(ReductionPlace::kAuto, Gpu(0), host, nullptr,
                               Emulated()));
    EXPECT_EQ(made.on_devices, nullptr);
    EXPECT_TRUE(absl::StartsWith(made.warning,
                                 "gradients are summed in host memory, after "
                                 "backward: ranks 0 and 1 share one ("))
        << made.warning;
    EXPECT_TRUE(absl::StrContains(made.warning, ", GPU emulated:0)"))
        << made.warning;
  });
}

TEST(DeviceCommunicator, NcclWhereOneRankHasNoGpuIsEveryRanksError) {
  RunFailingRanksAsThreads(2, [](Communicator& host) {
    const absl::StatusOr<DeviceCommunicator> made = MakeDeviceCommunicator(
        ReductionPlace::kNccl, host.rank() == 1 ? kCpu : Gpu(0), host, nullptr,
        Emulated());
    EXPECT_EQ(ExitCodeOf(made.status()), ExitCode::kUsage);
    EXPECT_EQ(made.status().message(),
              "--reduction=nccl: rank 1: it computes on the CPU");
  });
}

TEST(DeviceCommunicator, ATimeLimitThatIsNoneIsEveryRanksError) {
  ResetEmulatedDevices();
  for (const char* limit : {"0", "-1", "soon", ""}) {
    setenv("REPRISE_NCCL_SECONDS", limit, /*overwrite=*/1);
    RunFailingRanksAsThreads(2, [&](Communicator& host) {
      EXPECT_THAT(
          MakeDeviceCommunicator(ReductionPlace::kAuto, Gpu(host.rank()), host,
                                 nullptr, Emulated())
              .status(),
          FailsWith("REPRISE_NCCL_SECONDS must be a number of seconds "
                    "above 0, not '"));
    });
  }
  unsetenv("REPRISE_NCCL_SECONDS");
}

TEST(DeviceCommunicator, ARankThatDoesNotAnswerEndsAllAtTheTimeLimit) {
  ResetEmulatedDevices();
  BreakEmulatedDevice(1, EmulatedFault::kInitNeverEnds);
  setenv("REPRISE_NCCL_SECONDS", "0.2", /*overwrite=*/1);
  RunFailingRanksAsThreads(2, [&](Communicator& host) {
    EXPECT_THAT(
        MakeDeviceCommunicator(ReductionPlace::kAuto, Gpu(host.rank()), host,
                               nullptr, Emulated())
            .status(),
        FailsWith("connecting the ranks' GPUs by NCCL has not ended within "
                  "200ms on 2 of 2 ranks"));
  });
  unsetenv("REPRISE_NCCL_SECONDS");
}

TEST(DeviceCommunicator, WithoutNcclAutoSaysWhatIsMissing) {
  const absl::StatusOr<const DeviceApi*> none = UsageError("cannot load it");
  RunRanksAsThreads(2, [&](Communicator& host) {
    REPRISE_ASSERT_OK_AND_ASSIGN(
        const DeviceCommunicator made,
        MakeDeviceCommunicator(ReductionPlace::kAuto, Gpu(host.rank()), host,
                               nullptr, none));
    EXPECT_EQ(made.on_devices, nullptr);
    EXPECT_TRUE(absl::StrContains(made.warning, "rank 0: cannot load it"))
        << made.warning;
  });
}

}  // namespace
}  // namespace reprise
