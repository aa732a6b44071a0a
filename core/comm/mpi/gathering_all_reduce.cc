#include "core/comm/mpi/gathering_all_reduce.h"

#include <mpi.h>

#include <cstdint>
#include <cstring>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "core/base/dtype.h"
#include "core/base/status.h"
#include "core/comm/collective.h"
#include "core/comm/mpi/mpi_requests.h"
#include "core/comm/reduce.h"

namespace reprise {
namespace {

class GatheringAllReduce final : public Transport::Pending {
 public:
  explicit GatheringAllReduce(const Collective& collective)
      : collective_(collective),
        bytes_(collective.count * SizeInBytes(collective.dtype)) {}

  absl::Status Start(int world_size) {
    if (bytes_ == 0) return absl::OkStatus();
    gathered_.resize(bytes_ * world_size);
    const int bytes = static_cast<int>(bytes_);
    return FromMpi(
        MPI_Iallgather(collective_.data, bytes, MPI_BYTE, gathered_.data(),
                       bytes, MPI_BYTE, MPI_COMM_WORLD, requests_.Add()),
        "MPI_Iallgather");
  }

  absl::StatusOr<bool> Test() override {
    REPRISE_ASSIGN_OR_RETURN(const bool arrived, requests_.Test());
    if (!arrived || bytes_ == 0) return arrived;
    std::memcpy(collective_.data, gathered_.data(), bytes_);
    for (size_t at = bytes_; at < gathered_.size(); at += bytes_) {
      Reduce(gathered_.data() + at, collective_.data, collective_.count,
             collective_.dtype, collective_.op);
    }
    return true;
  }

 private:
  const Collective collective_;
  const int64_t bytes_;
  std::vector<char> gathered_;
  MpiRequests requests_;
};

}  // namespace

absl::StatusOr<std::unique_ptr<Transport::Pending>> StartGatheringAllReduce(
    const Collective& collective, int world_size) {
  auto gathering = std::make_unique<GatheringAllReduce>(collective);
  REPRISE_RETURN_IF_ERROR(gathering->Start(world_size));
  return gathering;
}

}  // namespace reprise
