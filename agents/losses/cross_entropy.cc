#include "agents/losses/cross_entropy.h"

#include <ATen/ops/empty_like.h>

#include <vector>

#include "core/tensor/torch_status.h"
#include "core/tensor/weighted_cross_entropy.h"

namespace reprise {
namespace {

template <typename T>
void Compute(const at::Tensor& logits, const std::vector<int32_t>& labels,
             const Batch& batch, double gradient_scale, at::Tensor& gradient,
             std::vector<double>& losses) {
  WeightedCrossEntropy<T>(
      logits.data_ptr<T>(), labels.data(), batch.weights.data(), batch.size(),
      logits.size(1), gradient_scale, losses.data(), gradient.data_ptr<T>());
}

}  // namespace

absl::StatusOr<LossResult> BatchCrossEntropy(const at::Tensor& logits,
                                             const Batch& batch,
                                             double gradient_scale) {
  LossResult result;
  result.losses.resize(batch.size());
  const std::vector<int32_t> labels = batch.Labels();
  absl::Status status = CatchTorch("cross-entropy", [&] {
    const at::Tensor host = logits.detach().to(at::kCPU).contiguous();
    at::Tensor gradient = at::empty_like(host);
    if (host.scalar_type() == at::kDouble) {
      Compute<double>(host, labels, batch, gradient_scale, gradient,
                      result.losses);
    } else {
      Compute<float>(host, labels, batch, gradient_scale, gradient,
                     result.losses);
    }
    result.logits_gradient = gradient.to(logits.device());
    return absl::OkStatus();
  });
  if (!status.ok()) return status;
  return result;
}

}  // namespace reprise
