// Runs the linked RankCases as one rank of a job started by mpirun.
// --checked: the ranks' calls are compared, and what exceeds 64 KiB goes in
// pieces, as do gigabytes otherwise.
#include <atomic>
#include <cstdio>
#include <memory>
#include <string>
#include <utility>

#include "absl/strings/string_view.h"
#include "core/base/status.h"
#include "core/comm/decorators/checking_transport.h"
#include "core/comm/decorators/delaying_transport.h"
#include "core/comm/mpi/mpi_transport.h"
#include "gtest/gtest.h"
#include "tests/conformance/rank_cases.h"

namespace reprise {
namespace {

// MPI is initialised once in a process: all cases share the communicator.
Communicator* communicator = nullptr;
IssuedCollectives issued;
std::atomic<bool> delayed{false};

class Mpi : public testing::TestWithParam<RankCase> {};

TEST_P(Mpi, Holds) {
  issued.clear();
  delayed = GetParam().delayed;
  GetParam().run(*communicator, issued);
}

INSTANTIATE_TEST_SUITE_P(Ranks, Mpi, testing::ValuesIn(RankCases()),
                         [](const testing::TestParamInfo<RankCase>& info)
                             -> std::string { return info.param.name; });

int Main(bool checked) {
  absl::StatusOr<std::unique_ptr<Communicator>> made = Communicator::Create(
      [checked]() -> absl::StatusOr<std::unique_ptr<Transport>> {
        REPRISE_ASSIGN_OR_RETURN(
            std::unique_ptr<Transport> transport,
            checked ? MakeMpiTransport(64 << 10) : MakeMpiTransport());
        transport = MakeDelayingTransport(std::move(transport), /*run=*/0,
                                          kLongestDelay, &delayed);
        if (checked) transport = MakeCheckingTransport(std::move(transport));
        return MakeRecordingTransport(std::move(transport), &issued);
      });
  if (!made.ok()) {
    std::fprintf(stderr, "%s\n", made.status().ToString().c_str());
    return 1;
  }
  communicator = made->get();
  if (communicator->rank() == 0) {
    std::printf("%d ranks, %s\n", communicator->world_size(),
                communicator->Describe().c_str());
  }
  const int failed = RUN_ALL_TESTS();
  const absl::Status status = communicator->Finalize();
  if (!status.ok()) std::fprintf(stderr, "%s\n", status.ToString().c_str());
  return failed != 0 || !status.ok() ? 1 : 0;
}

}  // namespace
}  // namespace reprise

int main(int argc, char** argv) {
  testing::InitGoogleTest(&argc, argv);
  return reprise::Main(argc > 1 && absl::string_view(argv[1]) == "--checked");
}
