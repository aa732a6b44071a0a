// Non-blocking calls of MPI under way, and MPI's errors as Status.
#ifndef REPRISE_CORE_COMM_MPI_MPI_REQUESTS_H_
#define REPRISE_CORE_COMM_MPI_MPI_REQUESTS_H_

#include <mpi.h>

#include <cstdint>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace reprise {

// OK, or DistributedError with MPI's own text for what `call` returned.
absl::Status FromMpi(int code, const char* call);

// Requests under way together, of any kind. Used by one thread at a time.
class MpiRequests {
 public:
  // A place for one more; valid until the next call.
  MPI_Request* Add();

  // Whether all are complete; then none is left.
  absl::StatusOr<bool> Test();

  // Sends to or receives from `rank`, in messages of at most `piece_bytes`.
  // Messages between two ranks keep their order within a tag.
  absl::Status Send(const char* data, int64_t bytes, int rank, int tag,
                    int64_t piece_bytes);
  absl::Status Receive(char* data, int64_t bytes, int rank, int tag,
                       int64_t piece_bytes);

 private:
  std::vector<MPI_Request> requests_;
};

}  // namespace reprise

#endif  // REPRISE_CORE_COMM_MPI_MPI_REQUESTS_H_
