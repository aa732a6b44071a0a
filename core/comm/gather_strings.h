// AllGatherStrings (communicator.h) for what one rank reads.
#ifndef REPRISE_CORE_COMM_GATHER_STRINGS_H_
#define REPRISE_CORE_COMM_GATHER_STRINGS_H_

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "core/comm/communicator.h"

namespace reprise {

// Collective. Gathers one string per rank, in rank order, on rank 0; on the
// others none.
absl::StatusOr<std::vector<std::string>> GatherStringsOnRank0(
    Communicator& communicator, const std::string& mine);

}  // namespace reprise

#endif  // REPRISE_CORE_COMM_GATHER_STRINGS_H_
