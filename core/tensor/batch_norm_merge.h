// One running mean and variance of BatchNorm out of those of all ranks, each of
// which normalises with its own batches: what evaluation, herding, the
// distillation snapshot and checkpoints see.
#ifndef REPRISE_CORE_TENSOR_BATCH_NORM_MERGE_H_
#define REPRISE_CORE_TENSOR_BATCH_NORM_MERGE_H_

#include <cstdint>

namespace reprise {

// means and variances are [W, c]: for each rank of W >= 1, its c running values
// (of any number of layers, one after another). Ranks weigh equally:
//   merged_mean = average of mean_r
//   merged_variance = average of variance_r + average of (mean_r -
//   merged_mean)^2,
// the mean and variance of the ranks' distributions taken together. In double,
// ranks in order, rounded once: the same on every rank that gives the same
// values; with W = 1 they stay as they are, bit for bit. Outputs are [c] and
// may be the first rank's inputs. T is float or double. Thread-safe.
template <typename T>
void MergeBatchNorm(const T* means, const T* variances, int64_t world_size,
                    int64_t channels, T* merged_mean, T* merged_variance);

}  // namespace reprise

#endif  // REPRISE_CORE_TENSOR_BATCH_NORM_MERGE_H_
