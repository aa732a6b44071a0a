// The running statistics of batch normalisation over all ranks: each rank
// updates its own in an epoch; before anything reads them they become one.
#ifndef REPRISE_AGENTS_TRAINING_STATISTICS_MERGE_H_
#define REPRISE_AGENTS_TRAINING_STATISTICS_MERGE_H_

#include <cstdint>

#include "absl/status/status.h"
#include "core/comm/communicator.h"
#include "models/batch_norm.h"

namespace reprise {

// Collective: every rank normalises with the statistics of all minibatches from
// here on (core/tensor/batch_norm_merge.h). `merged_batches`: the count of
// minibatches at the last merge, where all ranks became equal; it becomes
// today's. Nothing at one rank or without layers.
absl::Status MergeRunningStatistics(RunningStatistics& statistics,
                                    Communicator& communicator,
                                    int64_t* merged_batches);

}  // namespace reprise

#endif  // REPRISE_AGENTS_TRAINING_STATISTICS_MERGE_H_
