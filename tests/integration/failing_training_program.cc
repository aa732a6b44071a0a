// One rank of a job started by mpirun, whose training fails as argument 1 says,
// in the way of argument 2. Says "rank R of W ends with CODE: STATUS".
#include <cstdio>
#include <memory>
#include <string>

#include "core/base/check.h"
#include "core/base/log.h"
#include "core/base/status.h"
#include "core/comm/communicator.h"
#include "core/comm/mpi/mpi_transport.h"
#include "tests/integration/failing_training.h"

namespace reprise {
namespace {

absl::Status Run(const char* fault, const char* way) {
  REPRISE_ASSIGN_OR_RETURN(
      const std::unique_ptr<Communicator> communicator,
      Communicator::Create([]() -> absl::StatusOr<std::unique_ptr<Transport>> {
        return MakeMpiTransport();
      }));
  SetProcessRank(communicator->rank());
  REPRISE_RETURN_IF_ERROR(ConfigureLog(
      {communicator->rank(), communicator->world_size(), /*file=*/""}));
  const absl::Status status = TrainWithFault(fault, way, *communicator).status;
  // Before a rank can leave, at which mpirun ends the others.
  std::fprintf(stderr, "rank %d of %d ends with %d: %s\n", communicator->rank(),
               communicator->world_size(), static_cast<int>(ExitCodeOf(status)),
               std::string(status.message()).c_str());
  const absl::Status finalized = communicator->Finalize();
  return status.ok() ? finalized : status;
}

}  // namespace
}  // namespace reprise

int main(int, char** argv) {
  return static_cast<int>(reprise::ExitCodeOf(reprise::Run(argv[1], argv[2])));
}
