#include "core/tensor/batch_norm_merge.h"

#include "core/base/check.h"

namespace reprise {

template <typename T>
void MergeBatchNorm(const T* means, const T* variances, int64_t world_size,
                    int64_t channels, T* merged_mean, T* merged_variance) {
  REPRISE_CHECK(world_size >= 1) << "no ranks to merge";
  const double ranks = static_cast<double>(world_size);
  for (int64_t c = 0; c < channels; ++c) {
    double mean_sum = 0, variance_sum = 0, square_sum = 0;
    for (int64_t r = 0; r < world_size; ++r) {
      mean_sum += means[r * channels + c];
      variance_sum += variances[r * channels + c];
    }
    const double mean = mean_sum / ranks;
    for (int64_t r = 0; r < world_size; ++r) {
      const double difference = means[r * channels + c] - mean;
      square_sum += difference * difference;
    }
    merged_mean[c] = static_cast<T>(mean);
    merged_variance[c] = static_cast<T>((variance_sum + square_sum) / ranks);
  }
}

#define REPRISE_INSTANTIATE(T) \
  template void MergeBatchNorm<T>(const T*, const T*, int64_t, int64_t, T*, T*);
REPRISE_INSTANTIATE(float)
REPRISE_INSTANTIATE(double)
#undef REPRISE_INSTANTIATE

}  // namespace reprise
