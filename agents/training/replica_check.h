// Whether all ranks have the same network, which the method of data-parallel
// training asks for and a fault of memory or of a library takes away.
#ifndef REPRISE_AGENTS_TRAINING_REPLICA_CHECK_H_
#define REPRISE_AGENTS_TRAINING_REPLICA_CHECK_H_

#include <cstdint>

#include "absl/status/status.h"
#include "core/comm/communicator.h"
#include "models/model.h"

namespace reprise {

// Collective, one AllGather of 8 bytes a parameter. DistributedError, agreed
// on, that names the first rank and parameter that differ from rank 0's and
// how many `steps` the run has had. Nothing at one rank.
absl::Status CheckParametersAgree(const Model& model, int64_t steps,
                                  Communicator& communicator);

// The same of the running statistics, once they are merged.
absl::Status CheckStatisticsAgree(const Model& model, int64_t steps,
                                  Communicator& communicator);

}  // namespace reprise

#endif  // REPRISE_AGENTS_TRAINING_REPLICA_CHECK_H_
