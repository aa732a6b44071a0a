// One rank of a job started by mpirun, whose training fails as argument 1 says.
#include <cstdio>
#include <memory>

#include "core/base/check.h"
#include "core/base/log.h"
#include "core/base/status.h"
#include "core/comm/communicator.h"
#include "core/comm/mpi/mpi_transport.h"
#include "tests/integration/failing_training.h"

namespace reprise {
namespace {

absl::Status Run(const char* fault) {
  REPRISE_ASSIGN_OR_RETURN(
      const std::unique_ptr<Communicator> communicator,
      Communicator::Create([]() -> absl::StatusOr<std::unique_ptr<Transport>> {
        return MakeMpiTransport();
      }));
  SetProcessRank(communicator->rank());
  REPRISE_RETURN_IF_ERROR(ConfigureLog(
      {communicator->rank(), communicator->world_size(), /*file=*/""}));
  REPRISE_RETURN_IF_ERROR(TrainWithFault(fault, *communicator).status);
  return communicator->Finalize();
}

}  // namespace
}  // namespace reprise

int main(int, char** argv) {
  const absl::Status status = reprise::Run(argv[1]);
  std::fprintf(stderr, "%s\n", status.ToString().c_str());
  return static_cast<int>(reprise::ExitCodeOf(status));
}
