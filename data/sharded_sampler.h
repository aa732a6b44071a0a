// Which samples of a task each rank trains on at each step: an epoch's order is
// one permutation keyed by (seed, task, epoch), a step takes the next global
// batch of it, and each rank takes its contiguous slice of that batch. The
// order and the global batches do not depend on the number of ranks.
//
// In every epoch each sample is taken exactly once over all ranks, nothing is
// padded or repeated, and every rank has the same number of steps. Local
// batches of one step differ by at most one sample and may be empty.
#ifndef REPRISE_DATA_SHARDED_SAMPLER_H_
#define REPRISE_DATA_SHARDED_SAMPLER_H_

#include <cstdint>
#include <utility>
#include <vector>

#include "absl/status/status.h"

namespace reprise {

// [begin, end) of the `samples` test samples that a rank evaluates: contiguous,
// unpadded.
std::pair<int64_t, int64_t> EvaluationShard(int64_t samples, int rank,
                                            int world_size);

// The order of an epoch: positions 0..samples-1 of the task's training list,
// permuted by the stream (seed, kEpochOrder, task, epoch, position 0).
std::vector<int64_t> EpochOrder(uint64_t seed, int64_t task, int64_t epoch,
                                int64_t samples);

struct ShardedSamplerOptions {
  uint64_t seed = 42;
  int64_t samples = 0;             // of the task, all ranks
  int64_t global_batch_size = 64;  // of a step, all ranks; need not divide by W
  int rank = 0;
  int world_size = 1;
  // Each rank keeps a fixed contiguous part of the task, as many samples as it
  // would take in an epoch otherwise, and permutes it anew in each epoch
  // (stream position = rank). Then the global batches do depend on the number
  // of ranks.
  bool shard = false;

  // UsageError that names every problem.
  absl::Status Validate() const;
};

// A rank's part of one step. Parallel vectors, possibly empty.
struct LocalSamples {
  std::vector<int64_t> indices;    // into the task's training list
  std::vector<int64_t> positions;  // in the global batch, from 0, consecutive
  int64_t of_all_ranks = 0;        // size of the global batch
};

// Not thread-safe. O(samples) memory.
class ShardedSampler {
 public:
  // `options` must be valid.
  explicit ShardedSampler(const ShardedSamplerOptions& options);

  // The same on every rank; the last step may be short.
  int64_t steps_per_epoch() const;

  // Before the first LocalBatch of an epoch. `epoch` counts within the task.
  void StartEpoch(int64_t task, int64_t epoch);

  // step in [0, steps_per_epoch()), in any order.
  LocalSamples LocalBatch(int64_t step) const;

 private:
  // Samples of the task that ranks below `rank` take in an epoch.
  int64_t ShardBegin(int rank) const;

  ShardedSamplerOptions options_;
  // Of this epoch: the task's, or with `shard` this rank's part of it.
  std::vector<int64_t> order_;
};

}  // namespace reprise

#endif  // REPRISE_DATA_SHARDED_SAMPLER_H_
