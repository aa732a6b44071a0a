// Runs the linked RankCases over jobs of 1 to 4 threads, with and without
// comparison of the ranks' calls. --one_core: on one core, where ranks that
// wait leave it to those that compute.
#include <sched.h>

#include <cstdint>
#include <memory>
#include <string>
#include <tuple>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "core/comm/decorators/checking_transport.h"
#include "core/comm/decorators/delaying_transport.h"
#include "core/comm/in_process/ranks_as_threads.h"
#include "gtest/gtest.h"
#include "tests/conformance/rank_cases.h"

namespace reprise {
namespace {

using Parameters = std::tuple<RankCase, int, bool>;

class InProcess : public testing::TestWithParam<Parameters> {};

TEST_P(InProcess, Holds) {
  const auto& [rank_case, world_size, checking] = GetParam();
  std::vector<IssuedCollectives> issued(world_size);
  RunRanksAsThreads(
      world_size,
      [&, run = rank_case.run](Communicator& communicator) {
        run(communicator, issued[communicator.rank()]);
      },
      [&, checks = checking, delayed = rank_case.delayed,
       ranks = world_size](std::unique_ptr<Transport> transport) {
        const int rank = transport->info().rank;
        if (delayed) {
          transport = MakeDelayingTransport(std::move(transport),
                                            static_cast<uint32_t>(ranks),
                                            kLongestDelay);
        }
        if (checks) transport = MakeCheckingTransport(std::move(transport));
        return MakeRecordingTransport(std::move(transport), &issued[rank]);
      });
}

INSTANTIATE_TEST_SUITE_P(
    Ranks, InProcess,
    testing::Combine(testing::ValuesIn(RankCases()),
                     testing::Values(1, 2, 3, 4), testing::Bool()),
    [](const testing::TestParamInfo<Parameters>& info) -> std::string {
      return absl::StrCat(std::get<0>(info.param).name, "_",
                          std::get<1>(info.param),
                          std::get<2>(info.param) ? "_checked" : "");
    });

}  // namespace
}  // namespace reprise

int main(int argc, char** argv) {
  testing::InitGoogleTest(&argc, argv);
  if (argc > 1 && absl::string_view(argv[1]) == "--one_core") {
    cpu_set_t one;
    CPU_ZERO(&one);
    CPU_SET(sched_getcpu(), &one);
    if (sched_setaffinity(0, sizeof(one), &one) != 0) return 1;
  }
  return RUN_ALL_TESTS();
}
