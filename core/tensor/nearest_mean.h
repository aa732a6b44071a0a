// Nearest-mean-of-exemplars classification (Rebuffi et al., CVPR 2017,
// Algorithm 1): class means, and how close features are to them.
#ifndef REPRISE_CORE_TENSOR_NEAREST_MEAN_H_
#define REPRISE_CORE_TENSOR_NEAREST_MEAN_H_

#include <cstdint>
#include <vector>

namespace reprise {

// kL2 is the paper's: features and means have length 1. kNone takes both as
// they are, for `implementation: 'upstream'`.
enum class FeatureNorm { kL2, kNone };

// The mean of the given rows of features [?, d], each first divided by its L2
// norm, then divided by its own (kL2); of zero, zero. Empty without rows: there
// is no mean. In double, rows in the given order.
std::vector<double> ClassMean(const float* features, int64_t d,
                              const std::vector<int64_t>& rows,
                              FeatureNorm norm);

// scores[i, k] = -|phi_i - means[k]|^2, phi_i being row i of features [n, d],
// divided by its L2 norm with kL2 (a row of zeros stays); -infinity where
// means[k] is empty. The nearest mean is the largest score. scores: [n, K].
// In double, rounded once. Thread-safe.
void NearestMeans(const float* features, int64_t n, int64_t d,
                  const std::vector<std::vector<double>>& means,
                  FeatureNorm norm, float* scores);

}  // namespace reprise

#endif  // REPRISE_CORE_TENSOR_NEAREST_MEAN_H_
