#include "agents/losses/distillation.h"

#include <ATen/ops/empty.h>
#include <ATen/ops/empty_like.h>
#include <ATen/ops/log_softmax.h>
#include <ATen/ops/where.h>
#include <ATen/ops/zeros_like.h>
#include <c10/core/GradMode.h>

#include <cstdint>
#include <functional>

#include "core/tensor/distillation_kl.h"
#include "core/tensor/staging.h"
#include "core/tensor/torch_status.h"

namespace reprise {
namespace {

LossResult EmptyResult(const at::Tensor& logits) {
  LossResult result;
  result.losses = at::empty({logits.size(0)}, at::TensorOptions(at::kDouble));
  result.logits_gradient = at::empty_like(logits);
  return result;
}

template <typename T>
LossResult SigmoidOnHost(const at::Tensor& logits,
                         const at::Tensor& previous_logits, const Batch& batch,
                         const std::vector<ClassRole>& roles) {
  const std::vector<int32_t> labels = batch.Labels();
  LossResult result = EmptyResult(logits);
  SigmoidDistillation<T>(
      logits.data_ptr<T>(),
      previous_logits.defined() ? previous_logits.data_ptr<T>() : nullptr,
      labels.data(), batch.weights.data(), roles, batch.size(), /*scale=*/1,
      result.losses.data_ptr<double>(), result.logits_gradient.data_ptr<T>());
  return result;
}

template <typename T>
LossResult KlOnHost(const at::Tensor& logits, const at::Tensor& previous_logits,
                    const Batch& batch) {
  LossResult result = EmptyResult(logits);
  DistillationKl<T>(logits.data_ptr<T>(), previous_logits.data_ptr<T>(),
                    batch.weights.data(), batch.size(), logits.size(1),
                    /*scale=*/1, result.losses.data_ptr<double>(),
                    result.logits_gradient.data_ptr<T>());
  return result;
}

// [K] kBool: which classes have the role, on `device`.
at::Tensor HaveRole(const std::vector<ClassRole>& roles, ClassRole role,
                    at::Device device) {
  const at::Tensor have =
      EmptyForDevice({static_cast<int64_t>(roles.size())}, at::kBool, device);
  for (size_t c = 0; c < roles.size(); ++c) {
    have.data_ptr<bool>()[c] = roles[c] == role;
  }
  return ToDevice(have, device);
}

// Both without gradients of their own, in memory row by row.
absl::StatusOr<LossResult> Compute(
    const char* what, const at::Tensor& logits,
    const at::Tensor& previous_logits,
    const std::function<LossResult(const at::Tensor&, const at::Tensor&)>&
        compute) {
  LossResult result;
  const absl::Status status = CatchTorch(what, [&] {
    c10::AutoGradMode no_grad(false);
    result = compute(logits.detach().contiguous(),
                     previous_logits.defined()
                         ? previous_logits.detach().contiguous()
                         : previous_logits);
    return absl::OkStatus();
  });
  if (!status.ok()) return status;
  return result;
}

}  // namespace

LossResult SigmoidDistillationByTensorOperations(
    const at::Tensor& logits, const at::Tensor& previous_logits,
    const Batch& batch, const std::vector<ClassRole>& roles) {
  const at::Tensor z = logits.to(at::kDouble);
  const at::Tensor is_old = HaveRole(roles, ClassRole::kOld, z.device());
  const at::Tensor is_new = HaveRole(roles, ClassRole::kNew, z.device());
  const at::Tensor is_seen = is_old.logical_or(is_new);
  at::Tensor target = at::zeros_like(z);
  target.scatter_(1, batch.labels.unsqueeze(1), 1);
  if (previous_logits.defined()) {
    target =
        at::where(is_old, previous_logits.to(at::kDouble).sigmoid(), target);
  }
  LossResult result;
  // -t log s(z) - (1 - t) log(1 - s(z)), without overflow.
  const at::Tensor losses =
      z.clamp_min(0).sub(z.mul(target)).add(z.abs().neg().exp().log1p());
  const at::Tensor nothing = at::zeros_like(z);
  result.losses = at::where(is_seen, losses, nothing).sum(1);
  result.logits_gradient =
      at::where(is_seen, z.sigmoid().sub(target), nothing)
          .mul(batch.loss_weights.to(at::kDouble).unsqueeze(1))
          .to(logits.scalar_type());
  return result;
}

absl::StatusOr<LossResult> BatchSigmoidDistillation(
    const at::Tensor& logits, const at::Tensor& previous_logits,
    const Batch& batch, const std::vector<ClassRole>& roles) {
  return Compute("distillation loss", logits, previous_logits,
                 [&](const at::Tensor& z, const at::Tensor& previous) {
                   if (!z.is_cpu()) {
                     return SigmoidDistillationByTensorOperations(z, previous,
                                                                  batch, roles);
                   }
                   return z.scalar_type() == at::kDouble
                              ? SigmoidOnHost<double>(z, previous, batch, roles)
                              : SigmoidOnHost<float>(z, previous, batch, roles);
                 });
}

LossResult DistillationKlByTensorOperations(const at::Tensor& logits,
                                            const at::Tensor& previous_logits,
                                            const Batch& batch) {
  const at::Tensor log_s = logits.to(at::kDouble).log_softmax(1);
  const at::Tensor log_p = previous_logits.to(at::kDouble).log_softmax(1);
  const at::Tensor p = log_p.exp();
  LossResult result;
  // Of a class that the former network excludes: 0, not 0 times infinity.
  result.losses = at::where(p.eq(0), at::zeros_like(p), p.mul(log_p.sub(log_s)))
                      .sum(1)
                      .clamp_min(0);
  result.logits_gradient =
      log_s.exp()
          .sub(p)
          .mul(batch.loss_weights.to(at::kDouble).unsqueeze(1))
          .to(logits.scalar_type());
  return result;
}

absl::StatusOr<LossResult> BatchDistillationKl(
    const at::Tensor& logits, const at::Tensor& previous_logits,
    const Batch& batch) {
  return Compute("distillation loss", logits, previous_logits,
                 [&](const at::Tensor& z, const at::Tensor& previous) {
                   if (!z.is_cpu()) {
                     return DistillationKlByTensorOperations(z, previous,
                                                             batch);
                   }
                   return z.scalar_type() == at::kDouble
                              ? KlOnHost<double>(z, previous, batch)
                              : KlOnHost<float>(z, previous, batch);
                 });
}

}  // namespace reprise
