#include "data/sharded_sampler.h"

#include <algorithm>
#include <string>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "core/base/check.h"
#include "core/base/permutation.h"
#include "core/base/philox.h"
#include "core/base/slices.h"
#include "core/base/status.h"

namespace reprise {
namespace {

StreamKey EpochKey(uint64_t seed, int64_t task, int64_t epoch, int rank) {
  return {seed, Purpose::kEpochOrder, static_cast<uint32_t>(task),
          static_cast<uint32_t>(epoch), static_cast<uint32_t>(rank)};
}

}  // namespace

std::pair<int64_t, int64_t> EvaluationShard(int64_t samples, int rank,
                                            int world_size) {
  return {SliceBegin(samples, rank, world_size),
          SliceBegin(samples, rank + 1, world_size)};
}

std::vector<int64_t> EpochOrder(uint64_t seed, int64_t task, int64_t epoch,
                                int64_t samples) {
  return RandomPermutation(EpochKey(seed, task, epoch, 0), samples);
}

absl::Status ShardedSamplerOptions::Validate() const {
  std::vector<std::string> problems;
  if (samples < 0) {
    problems.push_back(absl::StrCat("samples must be >= 0, found ", samples));
  }
  if (global_batch_size < 1) {
    problems.push_back(absl::StrCat("global batch size must be >= 1, found ",
                                    global_batch_size));
  }
  if (world_size < 1 || rank < 0 || rank >= world_size) {
    problems.push_back(absl::StrCat("rank must be in [0, world size), found ",
                                    rank, " of ", world_size));
  }
  return problems.empty() ? absl::OkStatus()
                          : UsageError(absl::StrJoin(problems, "; "));
}

ShardedSampler::ShardedSampler(const ShardedSamplerOptions& options)
    : options_(options) {
  const absl::Status valid = options.Validate();
  REPRISE_CHECK(valid.ok()) << valid.ToString();
}

int64_t ShardedSampler::steps_per_epoch() const {
  return options_.samples / options_.global_batch_size +
         (options_.samples % options_.global_batch_size != 0 ? 1 : 0);
}

int64_t ShardedSampler::ShardBegin(int rank) const {
  const int64_t whole_steps = options_.samples / options_.global_batch_size;
  const int64_t last = options_.samples % options_.global_batch_size;
  return whole_steps *
             SliceBegin(options_.global_batch_size, rank, options_.world_size) +
         SliceBegin(last, rank, options_.world_size);
}

void ShardedSampler::StartEpoch(int64_t task, int64_t epoch) {
  if (!options_.shard) {
    order_ = EpochOrder(options_.seed, task, epoch, options_.samples);
    return;
  }
  const int64_t begin = ShardBegin(options_.rank);
  order_ =
      RandomPermutation(EpochKey(options_.seed, task, epoch, options_.rank),
                        ShardBegin(options_.rank + 1) - begin);
  for (int64_t& index : order_) index += begin;
}

LocalSamples ShardedSampler::LocalBatch(int64_t step) const {
  REPRISE_CHECK(step >= 0 && step < steps_per_epoch())
      << "step " << step << " of " << steps_per_epoch();
  const int rank = options_.rank, ranks = options_.world_size;
  const int64_t whole = options_.global_batch_size;
  const int64_t batch = std::min(whole, options_.samples - step * whole);
  const int64_t begin = SliceBegin(batch, rank, ranks);
  const int64_t end = SliceBegin(batch, rank + 1, ranks);
  // All steps before this one are whole.
  const int64_t offset = options_.shard ? step * SliceSize(whole, rank, ranks)
                                        : step * whole + begin;
  REPRISE_CHECK(offset + end - begin <= static_cast<int64_t>(order_.size()))
      << "LocalBatch before StartEpoch";
  LocalSamples local;
  local.of_all_ranks = batch;
  local.indices.assign(order_.begin() + offset,
                       order_.begin() + offset + (end - begin));
  for (int64_t p = begin; p < end; ++p) local.positions.push_back(p);
  return local;
}

}  // namespace reprise
