// Runs the linked RankCases over core/comm/nccl, ranks being threads: in jobs
// of 1 to 4 ranks on emulated devices, or, with --devices=N, in jobs of 1 to N
// ranks on the GPUs of this machine.
#include <cstdio>
#include <functional>
#include <memory>
#include <numeric>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "absl/strings/strip.h"
#include "core/base/status.h"
#include "core/base/status_matchers.h"
#include "core/comm/communicator.h"
#include "core/comm/decorators/forwarding_transport.h"
#include "core/comm/in_process/ranks_as_threads.h"
#include "core/comm/nccl/device_api.h"
#include "core/comm/nccl/nccl_transport.h"
#include "core/comm/nccl/testing/emulated_devices.h"
#include "core/comm/transport.h"
#include "gtest/gtest.h"
#include "tests/conformance/rank_cases.h"

namespace reprise {
namespace {

// The cases' host memory goes to the device when a collective is started and
// comes back once it is complete.
class StagingTransport final : public ForwardingTransport {
 public:
  StagingTransport(const DeviceApi& api, std::unique_ptr<Transport> inside)
      : ForwardingTransport(std::move(inside)), api_(api) {}
  ~StagingTransport() override {
    if (context_ != nullptr) api_.cuDevicePrimaryCtxRelease_v2(device_);
  }

  absl::StatusOr<std::unique_ptr<Pending>> Start(
      const Collective& collective) override {
    REPRISE_RETURN_IF_ERROR(EnterContext());
    auto staged = std::make_unique<Staged>(api_);
    staged->to = collective.data;
    int64_t sent = 0;
    switch (collective.kind) {
      case Collective::Kind::kBarrier:
        break;
      case Collective::Kind::kAllReduce:
      case Collective::Kind::kBroadcast:
        staged->bytes = collective.count * SizeInBytes(collective.dtype);
        break;
      case Collective::Kind::kAllGather:
        sent = collective.count;
        staged->bytes = sent * info().world_size;
        break;
      case Collective::Kind::kAllToAllv:
        sent = std::accumulate(collective.sent_bytes.begin(),
                               collective.sent_bytes.end(), int64_t{0});
        staged->bytes =
            std::accumulate(collective.received_bytes.begin(),
                            collective.received_bytes.end(), int64_t{0});
        break;
    }
    REPRISE_RETURN_IF_ERROR(
        Copy(collective.data, staged->bytes, &staged->data));
    REPRISE_RETURN_IF_ERROR(Copy(collective.sent, sent, &staged->sent));
    Collective on_device = collective;
    on_device.data = reinterpret_cast<void*>(staged->data);
    on_device.sent = reinterpret_cast<const void*>(staged->sent);
    REPRISE_ASSIGN_OR_RETURN(staged->inside, inside().Start(on_device));
    return staged;
  }

 private:
  struct Staged final : public Pending {
    explicit Staged(const DeviceApi& api) : api(api) {}
    ~Staged() override {
      inside = nullptr;
      if (data != 0) api.cuMemFree_v2(data);
      if (sent != 0) api.cuMemFree_v2(sent);
    }

    absl::StatusOr<bool> Test() override {
      REPRISE_ASSIGN_OR_RETURN(const bool done, inside->Test());
      if (done && bytes > 0) {
        REPRISE_RETURN_IF_ERROR(
            api.FromCuda(api.cuMemcpyDtoH_v2(to, data, bytes), "cuMemcpyDtoH"));
      }
      return done;
    }

    const DeviceApi& api;
    std::unique_ptr<Pending> inside;
    void* to = nullptr;
    int64_t bytes = 0;
    CudaPointer data = 0, sent = 0;
  };

  // On whichever thread starts collectives.
  absl::Status EnterContext() {
    if (context_ == nullptr) {
      REPRISE_RETURN_IF_ERROR(api_.FromCuda(
          api_.cuDeviceGet(&device_, info().rank), "cuDeviceGet"));
      REPRISE_RETURN_IF_ERROR(
          api_.FromCuda(api_.cuDevicePrimaryCtxRetain(&context_, device_),
                        "cuDevicePrimaryCtxRetain"));
    }
    return api_.FromCuda(api_.cuCtxSetCurrent(context_), "cuCtxSetCurrent");
  }

  absl::Status Copy(const void* from, int64_t bytes, CudaPointer* device) {
    if (bytes == 0) return absl::OkStatus();
    REPRISE_RETURN_IF_ERROR(
        api_.FromCuda(api_.cuMemAlloc_v2(device, bytes), "cuMemAlloc"));
    REPRISE_RETURN_IF_ERROR(api_.FromCuda(
        api_.cuMemcpyHtoD_v2(*device, from, bytes), "cuMemcpyHtoD"));
    // The copy of pageable memory may return before it has arrived, and NCCL's
    // stream does not wait for the one that it is on.
    return api_.FromCuda(api_.cuStreamSynchronize(LegacyStream()),
                         "cuStreamSynchronize");
  }

  const DeviceApi& api_;
  int device_ = 0;
  CudaContext context_ = nullptr;  // of the device of the rank's number
};

class Nccl : public testing::Test {
 public:
  Nccl(const DeviceApi& api, const RankCase& rank_case, int world_size)
      : api_(api), rank_case_(rank_case), world_size_(world_size) {}

  void TestBody() override {
    ResetEmulatedDevices();
    std::vector<IssuedCollectives> issued(world_size_);
    RunRanksAsThreads(world_size_, [&](Communicator& host) {
      IssuedCollectives& of_rank = issued[host.rank()];
      NcclOptions options;
      options.decorator = [&](std::unique_ptr<Transport> transport) {
        return MakeRecordingTransport(
            std::make_unique<StagingTransport>(api_, std::move(transport)),
            &of_rank);
      };
      absl::StatusOr<std::unique_ptr<Communicator>> devices =
          CreateNcclCommunicator(api_, host.rank(), host, options);
      REPRISE_ASSERT_OK(devices.status());
      rank_case_.run(**devices, of_rank);
      REPRISE_EXPECT_OK((*devices)->Finalize());
    });
  }

 private:
  const DeviceApi& api_;
  const RankCase rank_case_;
  const int world_size_;
};

void RegisterCases(const DeviceApi& api, int most_ranks) {
  for (const RankCase& rank_case : RankCases()) {
    for (int ranks = 1; ranks <= most_ranks; ++ranks) {
      testing::RegisterTest("Nccl",
                            absl::StrCat(rank_case.name, "_", ranks).c_str(),
                            nullptr, nullptr, __FILE__, __LINE__,
                            [&api, rank_case, ranks]() -> testing::Test* {
                              return new Nccl(api, rank_case, ranks);
                            });
    }
  }
}

}  // namespace
}  // namespace reprise

int main(int argc, char** argv) {
  testing::InitGoogleTest(&argc, argv);
  if (argc == 1) {
    reprise::RegisterCases(reprise::EmulatedDevices(), 4);
    return RUN_ALL_TESTS();
  }
  int count = 0;
  absl::string_view devices = argv[1];
  if (argc > 2 || !absl::ConsumePrefix(&devices, "--devices=") ||
      !absl::SimpleAtoi(devices, &count) || count < 1) {
    std::fprintf(stderr,
                 "expected nothing or --devices=N, N at least 1; found %s%s\n",
                 argv[1], argc > 2 ? " and more" : "");
    return static_cast<int>(reprise::ExitCode::kUsage);
  }
  const absl::StatusOr<const reprise::DeviceApi*> api =
      reprise::LoadDeviceApi();
  if (!api.ok()) {
    std::fprintf(stderr, "--devices=%d: %s\n", count,
                 std::string(api.status().message()).c_str());
    return 1;
  }
  reprise::RegisterCases(**api, count);
  return RUN_ALL_TESTS();
}
