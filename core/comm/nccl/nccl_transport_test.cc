#include "core/comm/nccl/nccl_transport.h"

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/match.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "core/base/status.h"
#include "core/base/status_matchers.h"
#include "core/comm/communicator.h"
#include "core/comm/in_process/ranks_as_threads.h"
#include "core/comm/nccl/device_api.h"
#include "core/comm/nccl/emulated_devices.h"
#include "core/comm/transport.h"
#include "gtest/gtest.h"

namespace reprise {
namespace {

std::unique_ptr<Communicator> MakeCommunicator(Communicator& host) {
  absl::StatusOr<std::unique_ptr<Communicator>> made =
      CreateNcclCommunicator(EmulatedDevices(), host.rank(), host);
  REPRISE_EXPECT_OK(made.status());
  return *std::move(made);
}

TEST(NcclTransport, ACollectiveWaitsForWhatTheComputeStreamHasToDoFirst) {
  ResetEmulatedDevices();
  RunRanksAsThreads(3, [](Communicator& host) {
    const std::unique_ptr<Communicator> devices = MakeCommunicator(host);
    constexpr int64_t kBuckets = 8, kCount = 1000;
    for (int round = 0; round < 20; ++round) {
      std::vector<float> gradients(kBuckets * kCount, -1e9f);
      std::vector<std::shared_ptr<Work>> works;
      for (int64_t b = 0; b < kBuckets; ++b) {
        works.push_back(devices->AllReduce(gradients.data() + b * kCount,
                                           kCount, DType::kFloat32,
                                           ReduceOp::kSum, Gate::kClosed));
      }
      // Backward: kernels are enqueued, not run, when a bucket is opened.
      for (int64_t b = kBuckets - 1; b >= 0; --b) {
        LaunchOnEmulatedDevice(host.rank(), [&, b] {
          for (int64_t i = 0; i < kCount; ++i) {
            gradients[b * kCount + i] =
                static_cast<float>((host.rank() + 1) * (b + 1));
          }
        });
        works[b]->Open();
      }
      for (const std::shared_ptr<Work>& work : works) {
        REPRISE_EXPECT_OK(work->Wait());
      }
      for (int64_t b = 0; b < kBuckets; ++b) {
        for (int64_t i = 0; i < kCount; ++i) {
          ASSERT_EQ(gradients[b * kCount + i], static_cast<float>(6 * (b + 1)))
              << "round " << round << " bucket " << b;
        }
      }
    }
    REPRISE_EXPECT_OK(devices->Finalize());
  });
}

TEST(NcclTransport, SaysWhatItPinned) {
  ResetEmulatedDevices();
  PinNcclAlgorithms();
  RunRanksAsThreads(1, [](Communicator& host) {
    const std::unique_ptr<Communicator> devices = MakeCommunicator(host);
    EXPECT_EQ(devices->Describe(),
              "nccl: 0.0.0, NCCL_ALGO=Ring, NCCL_NVLS_ENABLE=0");
    REPRISE_EXPECT_OK(devices->Finalize());
  });
}

TEST(NcclTransport, ALostPeerEndsTheWaitingRanksWithNcclsOwnText) {
  ResetEmulatedDevices();
  RunFailingRanksAsThreads(3, [](Communicator& host) {
    const std::unique_ptr<Communicator> devices = MakeCommunicator(host);
    std::vector<float> values(100, 1.0f);
    if (host.rank() == 2) {
      LoseEmulatedDevice(2);
      REPRISE_EXPECT_OK(host.Barrier()->Wait());
      return;
    }
    REPRISE_EXPECT_OK(host.Barrier()->Wait());
    const absl::Time start = absl::Now();
    const std::shared_ptr<Work> sum =
        devices->AllReduce(values.data(), 100, DType::kFloat32, ReduceOp::kSum);
    const absl::Status status = sum->Wait();
    EXPECT_LT(absl::Now() - start, absl::Seconds(5));
    EXPECT_EQ(ExitCodeOf(status), ExitCode::kDistributed);
    EXPECT_TRUE(absl::StrContains(status.message(), "emulated NCCL error"))
        << status;
  });
}

TEST(NcclTransport, AbortGivesBackTheBuffersOfWhatWaitsForOthers) {
  ResetEmulatedDevices();
  RunFailingRanksAsThreads(2, [](Communicator& host) {
    const std::unique_ptr<Communicator> devices = MakeCommunicator(host);
    std::vector<float> values(100, 1.0f);
    if (host.rank() == 0) {
      const std::shared_ptr<Work> sum = devices->AllReduce(
          values.data(), 100, DType::kFloat32, ReduceOp::kSum);
      absl::SleepFor(absl::Milliseconds(20));
      EXPECT_FALSE(sum->Done());
      devices->Abort(DistributedError("the test's"));
      EXPECT_EQ(sum->Wait().message(), "the test's");
    }
    REPRISE_EXPECT_OK(host.Barrier()->Wait());
  });
}

TEST(NcclTransport, AnIdThatRank0CannotMakeIsEveryRanksError) {
  ResetEmulatedDevices();
  DeviceApi broken = EmulatedDevices();
  broken.ncclGetUniqueId = [](NcclId*) { return 2; };
  RunFailingRanksAsThreads(2, [&](Communicator& host) {
    const absl::Status status =
        CreateNcclCommunicator(broken, host.rank(), host).status();
    EXPECT_TRUE(absl::StrContains(
        status.message(),
        "rank 0: ncclGetUniqueId failed: emulated NCCL error"))
        << status;
  });
}

TEST(NcclTransport, ADeviceThatOneRankCannotHaveIsEveryRanksError) {
  ResetEmulatedDevices();
  DeviceApi broken = EmulatedDevices();
  broken.cuDeviceGet = [](int* device, int number) {
    *device = number;
    return number == 1 ? 101 : 0;
  };
  RunFailingRanksAsThreads(2, [&](Communicator& host) {
    const absl::Status status =
        CreateNcclCommunicator(broken, host.rank(), host).status();
    EXPECT_TRUE(absl::StrContains(
        status.message(),
        "rank 1: cuDeviceGet failed: emulated error (CUDA error 101)"))
        << status;
  });
}

}  // namespace
}  // namespace reprise
