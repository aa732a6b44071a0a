#include "core/comm/nccl/nccl_transport.h"

#include <cstdint>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "core/base/dtype.h"
#include "core/base/status.h"
#include "core/base/status_matchers.h"
#include "core/comm/collective.h"
#include "core/comm/communicator.h"
#include "core/comm/in_process/ranks_as_threads.h"
#include "core/comm/nccl/device_api.h"
#include "core/comm/nccl/testing/emulated_devices.h"
#include "gtest/gtest.h"

namespace reprise {
namespace {

std::unique_ptr<Communicator> MakeCommunicator(
    Communicator& host, const NcclOptions& options = {}) {
  absl::StatusOr<std::unique_ptr<Communicator>> made =
      CreateNcclCommunicator(EmulatedDevices(), host.rank(), host, options);
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

TEST(NcclTransport, TheComputeStreamIsTheOneThatItIsGiven) {
  ResetEmulatedDevices();
  RunRanksAsThreads(2, [](Communicator& host) {
    const DeviceApi& api = EmulatedDevices();
    CudaContext context = nullptr;
    CudaStream side = nullptr;
    api.cuDevicePrimaryCtxRetain(&context, host.rank());
    api.cuCtxSetCurrent(context);
    api.cuStreamCreateWithPriority(&side, kCudaStreamNonBlocking, 0);
    NcclOptions options;
    options.compute_stream = [side] { return side; };
    const std::unique_ptr<Communicator> devices =
        MakeCommunicator(host, options);
    for (int round = 0; round < 50; ++round) {
      float value = -1e9f;
      LaunchOnEmulatedDevice(
          host.rank(), [&] { value = 1; }, side);
      REPRISE_EXPECT_OK(
          devices->AllReduce(&value, 1, DType::kFloat32, ReduceOp::kSum)
              ->Wait());
      ASSERT_EQ(value, 2) << "round " << round;
    }
    REPRISE_EXPECT_OK(devices->Finalize());
    api.cuStreamDestroy_v2(side);
  });
}

// Backward of three buckets: the host is done with it at once, the device after
// 30 ms, and each sum lies behind its bucket.
TEST(NcclTransport, TimesAreTheDevicesNotTheHosts) {
  ResetEmulatedDevices();
  RunRanksAsThreads(2, [](Communicator& host) {
    const std::unique_ptr<Communicator> devices = MakeCommunicator(host);
    for (int round = 0; round < 3; ++round) {
      std::vector<float> values(3, 1.0f);
      std::vector<std::shared_ptr<Work>> works;
      const absl::Time start = absl::Now();
      for (int b = 0; b < 3; ++b) {
        LaunchOnEmulatedDevice(host.rank(),
                               [] { absl::SleepFor(absl::Milliseconds(10)); });
        works.push_back(
            devices->AllReduce(&values[b], 1, DType::kFloat32, ReduceOp::kSum));
      }
      const absl::Duration to_enqueue = absl::Now() - start;
      absl::Time before = start;
      for (int b = 0; b < 3; ++b) {
        REPRISE_EXPECT_OK(works[b]->Wait());
        const CollectiveTimes times = works[b]->times();
        EXPECT_GE(times.ready - before, absl::Milliseconds(9.9)) << b;
        EXPECT_LE(times.ready, times.begun);
        EXPECT_LE(times.begun, times.completed);
        EXPECT_LE(times.completed, absl::Now());
        before = times.ready;
      }
      EXPECT_GT(works[2]->times().ready - start, to_enqueue);
    }
    REPRISE_EXPECT_OK(devices->Finalize());
  });
}

TEST(NcclTransport, ACaptureOfAGraphOutlivesACollectiveThatOthersDrive) {
  ResetEmulatedDevices();
  RunRanksAsThreads(1, [](Communicator& host) {
    const std::unique_ptr<Communicator> devices = MakeCommunicator(host);
    float value = 3;
    const std::shared_ptr<Work> sum = devices->AllReduce(
        &value, 1, DType::kFloat32, ReduceOp::kSum, Gate::kClosed);
    EXPECT_TRUE(CaptureOnEmulatedDevices([&] {
      sum->Open();
      while (!sum->Done()) absl::SleepFor(absl::Milliseconds(1));
    }));
    REPRISE_EXPECT_OK(sum->Wait());
    // It is one that a question without the transport's care breaks.
    EXPECT_FALSE(CaptureOnEmulatedDevices([&] {
      EXPECT_NE(EmulatedDevices().cuStreamSynchronize(LegacyStream()), 0);
    }));
    REPRISE_EXPECT_OK(devices->Finalize());
  });
}

TEST(NcclTransport, ASlowRankIsWaitedFor) {
  ResetEmulatedDevices();
  BreakEmulatedDevice(1, EmulatedFault::kInitIsSlow);
  RunRanksAsThreads(3, [](Communicator& host) {
    const std::unique_ptr<Communicator> devices = MakeCommunicator(host);
    REPRISE_EXPECT_OK(devices->Barrier()->Wait());
    REPRISE_EXPECT_OK(devices->Finalize());
  });
}

// Without the others' question how it is they would wait for the limit.
TEST(NcclTransport, ARankThatFailsWhileTheyMeetIsNamedOnAllAtOnce) {
  for (const EmulatedFault fault :
       {EmulatedFault::kInitFails, EmulatedFault::kCallsFail}) {
    ResetEmulatedDevices();
    BreakEmulatedDevice(1, fault);
    RunFailingRanksAsThreads(3, [&](Communicator& host) {
      const absl::Time start = absl::Now();
      const absl::Status status =
          CreateNcclCommunicator(EmulatedDevices(), host.rank(), host).status();
      EXPECT_EQ(ExitCodeOf(status), ExitCode::kDistributed);
      EXPECT_TRUE(absl::StartsWith(
          status.message(), absl::StrCat("rank 1: ",
                                         fault == EmulatedFault::kInitFails
                                             ? "ncclCommInitRankConfig"
                                             : "the first AllReduce",
                                         " failed: emulated NCCL error")))
          << status;
      EXPECT_LT(absl::Now() - start, absl::Seconds(30));
    });
  }
}

TEST(NcclTransport, ARankThatNeverComesEndsAllAtTheTimeLimit) {
  for (const EmulatedFault fault :
       {EmulatedFault::kInitNeverEnds, EmulatedFault::kCallsNeverEnd}) {
    ResetEmulatedDevices();
    BreakEmulatedDevice(2, fault);
    RunFailingRanksAsThreads(3, [](Communicator& host) {
      NcclOptions options;
      options.time_limit = absl::Milliseconds(250);
      EXPECT_THAT(
          CreateNcclCommunicator(EmulatedDevices(), host.rank(), host, options)
              .status(),
          FailsWith("rank 0: connecting the ranks' GPUs by NCCL has not ended "
                    "within 250ms on 3 of 3 ranks; NCCL_DEBUG=INFO shows"));
    });
  }
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

// The thread that waits drives the call; another one, as a watchdog does, sends
// it on.
TEST(NcclTransport, AbortEndsACallThatNeverComesBack) {
  ResetEmulatedDevices();
  RunFailingRanksAsThreads(2, [](Communicator& host) {
    const std::unique_ptr<Communicator> devices = MakeCommunicator(host);
    REPRISE_EXPECT_OK(host.Barrier()->Wait());
    BreakEmulatedDevice(host.rank(), EmulatedFault::kCallsNeverEnd);
    float value = 1;
    std::vector<int64_t> bytes(2, 2);
    const std::shared_ptr<Work> stuck =
        host.rank() == 0
            ? devices->AllReduce(&value, 1, DType::kFloat32, ReduceOp::kSum)
            : devices->AllToAllv(&value, bytes, &value, bytes);
    std::thread waits([&] {
      EXPECT_EQ(stuck->Wait().message(), "the watchdog's");
      EXPECT_FALSE(stuck->Done());
    });
    absl::SleepFor(absl::Milliseconds(30));
    devices->Abort(DistributedError("the watchdog's"));
    waits.join();
  });
}

TEST(NcclTransport, ACallThatFailsLaterIsItsErrorAndTheNext) {
  ResetEmulatedDevices();
  RunFailingRanksAsThreads(1, [](Communicator& host) {
    const std::unique_ptr<Communicator> devices = MakeCommunicator(host);
    BreakEmulatedDevice(0, EmulatedFault::kCallsFail);
    float value = 1;
    for (int repetition = 0; repetition < 2; ++repetition) {
      EXPECT_THAT(devices->AllReduce(&value, 1, DType::kFloat32, ReduceOp::kSum)
                      ->Wait(),
                  FailsWith("ncclAllReduce failed: emulated NCCL error"));
    }
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
