// AllReduce over a ring of MPI's point-to-point calls.
#ifndef REPRISE_CORE_COMM_MPI_RING_ALL_REDUCE_H_
#define REPRISE_CORE_COMM_MPI_RING_ALL_REDUCE_H_

#include <cstdint>
#include <memory>
#include <vector>

#include "core/comm/collective.h"
#include "core/comm/transport.h"

namespace reprise {

// Memory that received pieces wait in to be added. Kept from one AllReduce to
// the next: fresh memory costs as much as adding what it receives.
using RingScratch = std::vector<char>;

// Collective: each rank makes it with its `info`, and tests it until it is
// done. Adds in the order of core/comm/mpi/ring_schedule.h, whatever the size
// and the release of MPI: MPI's own AllReduces choose among orders of addition
// by size and by release.
//
// `tag`: the same on all ranks, of no other that is under way. `piece_bytes`:
// the most of one message, at least an element. `free_scratch`: taken from and
// given back to; outlives the result. The data of `collective` is the caller's
// and stays valid until the result is done.
std::unique_ptr<Transport::Pending> MakeRingAllReduce(
    const Collective& collective, const RankInfo& info, int tag,
    int64_t piece_bytes, std::vector<RingScratch>* free_scratch);

}  // namespace reprise

#endif  // REPRISE_CORE_COMM_MPI_RING_ALL_REDUCE_H_
