// The weighted cross-entropy of a batch over all classes (no logit is masked),
// as the Loss hook of an agent returns it.
#ifndef REPRISE_AGENTS_LOSSES_CROSS_ENTROPY_H_
#define REPRISE_AGENTS_LOSSES_CROSS_ENTROPY_H_

#include "absl/status/statusor.h"
#include "agents/agent.h"

namespace reprise {

// logits: [n, K] fp32 or fp64 on any device; they are brought to the host (n K
// numbers), where core/tensor/weighted_cross_entropy.h runs, and the gradient
// goes back to their device.
absl::StatusOr<LossResult> BatchCrossEntropy(const at::Tensor& logits,
                                             const Batch& batch,
                                             double gradient_scale);

}  // namespace reprise

#endif  // REPRISE_AGENTS_LOSSES_CROSS_ENTROPY_H_
