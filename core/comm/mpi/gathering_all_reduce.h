// AllReduce of little: everybody's values go to everybody, who adds them in
// rank order. The ring's 2 (W - 1) hops, one after the other, would cost more
// than W times the bytes.
#ifndef REPRISE_CORE_COMM_MPI_GATHERING_ALL_REDUCE_H_
#define REPRISE_CORE_COMM_MPI_GATHERING_ALL_REDUCE_H_

#include <memory>

#include "absl/status/statusor.h"
#include "core/comm/collective.h"
#include "core/comm/transport.h"

namespace reprise {

// Collective. One MPI_Iallgather, (W - 1) n bytes from each rank; started when
// this returns. The data of `collective` stays valid until the result is done.
absl::StatusOr<std::unique_ptr<Transport::Pending>> StartGatheringAllReduce(
    const Collective& collective, int world_size);

}  // namespace reprise

#endif  // REPRISE_CORE_COMM_MPI_GATHERING_ALL_REDUCE_H_
