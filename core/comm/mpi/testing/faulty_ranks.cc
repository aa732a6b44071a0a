// Two ranks that do not agree, or of which one gives up: the program of
// mpi_faults_test.sh. Its first argument names the fault.
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "core/base/check.h"
#include "core/base/dtype.h"
#include "core/base/log.h"
#include "core/base/status.h"
#include "core/comm/agreement.h"
#include "core/comm/collective.h"
#include "core/comm/communicator.h"
#include "core/comm/decorators/checking_transport.h"
#include "core/comm/decorators/forwarding_transport.h"
#include "core/comm/mpi/mpi_transport.h"
#include "core/comm/transport.h"

namespace reprise {
namespace {

absl::Time fault_begin;

// Says how long the fault took to be found before MPI_Abort ends the process.
class TimingTransport final : public ForwardingTransport {
 public:
  using ForwardingTransport::ForwardingTransport;

  void Abort(const absl::Status& status) override {
    if (absl::Now() - fault_begin < absl::Seconds(1)) {
      std::fprintf(stderr, "found in under a second\n");
    }
    ForwardingTransport::Abort(status);
  }
};

absl::Status Run(const std::string& fault) {
  REPRISE_ASSIGN_OR_RETURN(
      const std::unique_ptr<Communicator> communicator,
      Communicator::Create([]() -> absl::StatusOr<std::unique_ptr<Transport>> {
        REPRISE_ASSIGN_OR_RETURN(std::unique_ptr<Transport> transport,
                                 MakeMpiTransport());
        return std::make_unique<TimingTransport>(
            MakeCheckingTransport(std::move(transport)));
      }));
  const int rank = communicator->rank();
  SetProcessRank(rank);
  REPRISE_RETURN_IF_ERROR(
      ConfigureLog({rank, communicator->world_size(), /*file=*/""}));
  std::vector<double> values(100);
  REPRISE_RETURN_IF_ERROR(communicator->Barrier()->Wait());
  fault_begin = absl::Now();
  const auto sum = [&](int64_t count, DType dtype) {
    return communicator->AllReduce(values.data(), count, dtype, ReduceOp::kSum)
        ->Wait();
  };
  if (fault == "length") return sum(rank == 0 ? 100 : 99, DType::kFloat32);
  if (fault == "dtype") {
    return sum(100, rank == 0 ? DType::kFloat32 : DType::kInt64);
  }
  if (fault == "kind") {
    return rank == 0 ? communicator->Barrier()->Wait()
                     : sum(100, DType::kFloat32);
  }
  if (fault == "one_fewer") {
    if (rank == 0) return communicator->Finalize();
    return communicator->Barrier()->Wait();
  }
  if (fault == "abort") {
    if (rank == 1) communicator->Abort(DataError("labels are short"));
    return communicator->Barrier()->Wait();
  }
  if (fault == "agree") {
    // Both ranks leave with the same error, and without Finalize.
    return AgreeOnStatus(*communicator, rank == 1
                                            ? DataError("labels are short")
                                            : absl::OkStatus());
  }
  if (fault == "check") {
    REPRISE_CHECK(rank == 0) << "invariant of rank " << rank;
    return communicator->Barrier()->Wait();
  }
  if (fault == "exit") {
    if (rank == 1) std::_Exit(0);
    return communicator->Barrier()->Wait();
  }
  return UsageError("no such fault");
}

}  // namespace
}  // namespace reprise

int main(int, char** argv) {
  const absl::Status status = reprise::Run(argv[1]);
  std::fprintf(stderr, "%s\n", status.ToString().c_str());
  return static_cast<int>(reprise::ExitCodeOf(status));
}
