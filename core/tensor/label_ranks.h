// The rank of the label among the scores, where the scores are on a device:
// LabelRanks of weighted_cross_entropy.h by LibTorch's operations.
#ifndef REPRISE_CORE_TENSOR_LABEL_RANKS_H_
#define REPRISE_CORE_TENSOR_LABEL_RANKS_H_

#include <ATen/core/Tensor.h>

namespace reprise {

// scores: [n, K]; labels: [n] kLong, on the same device. Result: [n] kLong,
// there, with LabelRanks' ties and NaN; nothing waits for it. LibTorch
// exceptions pass through.
at::Tensor LabelRanksOnDevice(const at::Tensor& scores,
                              const at::Tensor& labels);

}  // namespace reprise

#endif  // REPRISE_CORE_TENSOR_LABEL_RANKS_H_
