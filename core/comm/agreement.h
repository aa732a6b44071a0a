// What ranks tell each other about themselves: errors and texts.
#ifndef REPRISE_CORE_COMM_AGREEMENT_H_
#define REPRISE_CORE_COMM_AGREEMENT_H_

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "core/comm/communicator.h"

namespace reprise {

// Collective. OK on every rank if `local` is OK on every rank; otherwise every
// rank gets the same Status: that of the lowest failing rank, with its exit
// code, its message prefixed with "rank R: " (not in a job of one rank). How
// local errors are agreed on at batch and task boundaries. The failure is
// MarkAgreed. Costs an AllReduce of 4 bytes while all is well.
absl::Status AgreeOnStatus(Communicator& communicator,
                           const absl::Status& local);

// Collective. Gathers one string per rank, in rank order, on every rank. Two
// AllGathers, of 8 bytes and of the length of the longest.
absl::StatusOr<std::vector<std::string>> AllGatherStrings(
    Communicator& communicator, const std::string& mine);

// Collective. The same on rank 0 alone; on the others none. An AllGather of 8
// bytes and one message of each rank to rank 0.
absl::StatusOr<std::vector<std::string>> GatherStringsOnRank0(
    Communicator& communicator, const std::string& mine);

}  // namespace reprise

#endif  // REPRISE_CORE_COMM_AGREEMENT_H_
