// Runs the linked RankCases over core/comm/nccl on emulated devices, in jobs of
// 1 to 4 ranks that are threads.
#include <memory>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "core/base/status_matchers.h"
#include "core/comm/in_process/ranks_as_threads.h"
#include "core/comm/nccl/emulated_devices.h"
#include "core/comm/nccl/nccl_transport.h"
#include "gtest/gtest.h"
#include "tests/conformance/rank_cases.h"

namespace reprise {
namespace {

using Parameters = std::tuple<RankCase, int>;

class EmulatedNccl : public testing::TestWithParam<Parameters> {};

TEST_P(EmulatedNccl, Holds) {
  const auto& [rank_case, world_size] = GetParam();
  ResetEmulatedDevices();
  std::vector<IssuedCollectives> issued(world_size);
  RunRanksAsThreads(world_size, [&, run = rank_case.run](Communicator& host) {
    IssuedCollectives& of_rank = issued[host.rank()];
    absl::StatusOr<std::unique_ptr<Communicator>> devices =
        CreateNcclCommunicator(EmulatedDevices(), host.rank(), host,
                               [&](std::unique_ptr<Transport> transport) {
                                 return MakeRecordingTransport(
                                     std::move(transport), &of_rank);
                               });
    REPRISE_ASSERT_OK(devices.status());
    run(**devices, of_rank);
    REPRISE_EXPECT_OK((*devices)->Finalize());
  });
}

INSTANTIATE_TEST_SUITE_P(Ranks, EmulatedNccl,
                         testing::Combine(testing::ValuesIn(RankCases()),
                                          testing::Values(1, 2, 3, 4)),
                         [](const testing::TestParamInfo<Parameters>& info)
                             -> std::string {
                           return absl::StrCat(std::get<0>(info.param).name,
                                               "_", std::get<1>(info.param));
                         });

}  // namespace
}  // namespace reprise

int main(int argc, char** argv) {
  testing::InitGoogleTest(&argc, argv);
  return RUN_ALL_TESTS();
}
