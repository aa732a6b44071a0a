// The weighted cross-entropy of a batch over all classes (no logit is masked),
// as the Loss hook of an agent returns it.
#ifndef REPRISE_AGENTS_LOSSES_CROSS_ENTROPY_H_
#define REPRISE_AGENTS_LOSSES_CROSS_ENTROPY_H_

#include <ATen/core/Tensor.h>

#include "absl/status/statusor.h"
#include "agents/agent.h"
#include "agents/batch.h"

namespace reprise {

// logits: [n, K] fp32 or fp64. In host memory by
// core/tensor/weighted_cross_entropy.h; elsewhere by the function below.
absl::StatusOr<LossResult> BatchCrossEntropy(const at::Tensor& logits,
                                             const Batch& batch);

// The same by LibTorch's operations, in fp64, on the device of the logits,
// where the batch's labels and weights are: nothing waits for it. In host
// memory only for tests. LibTorch exceptions pass through.
LossResult CrossEntropyByTensorOperations(const at::Tensor& logits,
                                          const Batch& batch);

}  // namespace reprise

#endif  // REPRISE_AGENTS_LOSSES_CROSS_ENTROPY_H_
