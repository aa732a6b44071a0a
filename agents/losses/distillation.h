// Distillation from a former network, as the Loss hook of an agent returns it:
// iCaRL's sigmoid outputs, and the divergence of class distributions.
#ifndef REPRISE_AGENTS_LOSSES_DISTILLATION_H_
#define REPRISE_AGENTS_LOSSES_DISTILLATION_H_

#include <ATen/core/Tensor.h>

#include <vector>

#include "absl/status/statusor.h"
#include "agents/agent.h"
#include "agents/batch.h"
#include "core/tensor/sigmoid_distillation.h"

namespace reprise {

// Logits are [n, K] fp32 or fp64, those of the former network of the same type,
// on one device: in host memory by the kernels of core/tensor; elsewhere by the
// functions ...ByTensorOperations below, in fp64, for which nothing waits. In
// host memory these are for tests only; LibTorch's exceptions pass through
// them.

// core/tensor/sigmoid_distillation.h. previous_logits: undefined where no class
// is old.
absl::StatusOr<LossResult> BatchSigmoidDistillation(
    const at::Tensor& logits, const at::Tensor& previous_logits,
    const Batch& batch, const std::vector<ClassRole>& roles);
LossResult SigmoidDistillationByTensorOperations(
    const at::Tensor& logits, const at::Tensor& previous_logits,
    const Batch& batch, const std::vector<ClassRole>& roles);

// core/tensor/distillation_kl.h, of all samples of the batch.
absl::StatusOr<LossResult> BatchDistillationKl(
    const at::Tensor& logits, const at::Tensor& previous_logits,
    const Batch& batch);
LossResult DistillationKlByTensorOperations(const at::Tensor& logits,
                                            const at::Tensor& previous_logits,
                                            const Batch& batch);

}  // namespace reprise

#endif  // REPRISE_AGENTS_LOSSES_DISTILLATION_H_
