// Collectives over MPI. Initialised and finalised by the communication thread
// of a communicator, used by one thread at a time (MPI_THREAD_SERIALIZED).
#ifndef REPRISE_CORE_COMM_MPI_MPI_TRANSPORT_H_
#define REPRISE_CORE_COMM_MPI_MPI_TRANSPORT_H_

#include <cstdint>
#include <memory>

#include "absl/status/statusor.h"
#include "core/comm/transport.h"

namespace reprise {

// AllReduces of at most so many bytes are added in rank order, longer ones
// around a ring: of part p of W equal parts (the first ones longer by an
// element), ((rank p-1's + rank p's) + rank p+1's) + ...
inline constexpr int64_t kGatheredAllReduceBytes = 16 << 10;

// Over MPI_COMM_WORLD; a process makes one transport in its life. Non-blocking
// collectives; AllToAllv has messages for the pairs of ranks that have bytes.
// Counts have no limit: what exceeds `piece_bytes` goes in several calls, since
// one call of MPI takes at most 2^31 - 1 elements; tests pass less. Codes of
// MPI become DistributedError with MPI's own text.
//
// AllReduce adds in one of two orders, whatever the release of MPI. Around the
// ring each rank sends 2 (W - 1) / W of the bytes in 2 (W - 1) steps, in pieces
// that are added and passed on while others are under way. At most 64 pieces
// between hosts (4 MB) and 16 on one (16 MB) are under way and kept in memory
// per AllReduce in flight; a rank that is late keeps as many more.
//
// Between hosts messages have at most 60 KiB, below what Open MPI asks the
// receiver for over TCP. Over InfiniBand, too: not tried there.
//
// Abort is MPI_Abort with the status's exit code: it logs the status, ends all
// ranks and does not return.
absl::StatusOr<std::unique_ptr<Transport>> MakeMpiTransport(
    int64_t piece_bytes = int64_t{1} << 30);

}  // namespace reprise

#endif  // REPRISE_CORE_COMM_MPI_MPI_TRANSPORT_H_
