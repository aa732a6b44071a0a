#include "agents/losses/cross_entropy.h"

#include <ATen/ops/empty.h>
#include <ATen/ops/empty_like.h>
#include <ATen/ops/full_like.h>
#include <ATen/ops/log_softmax.h>
#include <c10/core/GradMode.h>

#include <cstdint>
#include <vector>

#include "core/tensor/torch_status.h"
#include "core/tensor/weighted_cross_entropy.h"

namespace reprise {
namespace {

template <typename T>
LossResult ComputeOnHost(const at::Tensor& logits, const Batch& batch) {
  const std::vector<int32_t> labels = batch.Labels();
  LossResult result;
  result.losses = at::empty({batch.size()}, at::TensorOptions(at::kDouble));
  result.logits_gradient = at::empty_like(logits);
  WeightedCrossEntropy<T>(logits.data_ptr<T>(), labels.data(),
                          batch.weights.data(), batch.size(), logits.size(1),
                          /*scale=*/1, result.losses.data_ptr<double>(),
                          result.logits_gradient.data_ptr<T>());
  return result;
}

}  // namespace

LossResult CrossEntropyByTensorOperations(const at::Tensor& logits,
                                          const Batch& batch) {
  const at::Tensor labels = batch.labels.unsqueeze(1);
  const at::Tensor log_probabilities = logits.to(at::kDouble).log_softmax(1);
  LossResult result;
  result.losses = log_probabilities.gather(1, labels).squeeze(1).neg();
  const at::Tensor gradient = log_probabilities.exp();
  gradient.scatter_add_(1, labels,
                        at::full_like(result.losses, -1).unsqueeze(1));
  gradient.mul_(batch.loss_weights.to(at::kDouble).unsqueeze(1));
  result.logits_gradient = gradient.to(logits.scalar_type());
  return result;
}

absl::StatusOr<LossResult> BatchCrossEntropy(const at::Tensor& logits,
                                             const Batch& batch) {
  LossResult result;
  const absl::Status status = CatchTorch("cross-entropy", [&] {
    c10::AutoGradMode no_grad(false);
    const at::Tensor values = logits.detach().contiguous();
    if (!values.is_cpu()) {
      result = CrossEntropyByTensorOperations(values, batch);
    } else if (values.scalar_type() == at::kDouble) {
      result = ComputeOnHost<double>(values, batch);
    } else {
      result = ComputeOnHost<float>(values, batch);
    }
    return absl::OkStatus();
  });
  if (!status.ok()) return status;
  return result;
}

}  // namespace reprise
