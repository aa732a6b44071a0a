#include "models/batch_norm.h"

#include <ATen/ops/batch_norm.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/ones.h>
#include <ATen/ops/var_mean.h>
#include <ATen/ops/zeros.h>
#include <c10/core/GradMode.h>
#include <torch/csrc/autograd/custom_function.h>

#include <algorithm>
#include <tuple>
#include <utility>

#include "absl/strings/str_cat.h"
#include "core/base/check.h"
#include "core/base/status.h"
#include "core/tensor/tensor_state.h"

namespace reprise {
namespace {

constexpr double kMomentum = 0.1;
constexpr double kEpsilon = 1e-5;

// [C] as it stands beside [n, C, H, W].
at::Tensor PerChannel(const at::Tensor& values) {
  return values.reshape({1, -1, 1, 1});
}

// Computes in the statistics' type, and sums over ranks in fp64.
class SyncBatchNorm final : public torch::autograd::Function<SyncBatchNorm> {
 public:
  static at::Tensor forward(torch::autograd::AutogradContext* context,
                            const at::Tensor& x, const at::Tensor& weight,
                            const at::Tensor& bias,
                            const RunningStatistics* statistics, int64_t i) {
    const at::Tensor wide = x.to(weight.scalar_type());
    const int64_t channels = x.size(1);
    // By channel: sums and sums of squares; then the number of elements.
    at::Tensor sums = at::zeros({2 * channels + 1}, at::kDouble);
    if (x.numel() > 0) {
      const double count = static_cast<double>(x.numel() / channels);
      auto [variance, mean] =
          at::var_mean(wide, at::IntArrayRef({0, 2, 3}), /*unbiased=*/false);
      mean = mean.to(at::kCPU, at::kDouble);
      variance = variance.to(at::kCPU, at::kDouble);
      sums.narrow(0, 0, channels).copy_(mean.mul(count));
      sums.narrow(0, channels, channels)
          .copy_(variance.add(mean.square()).mul(count));
      sums[2 * channels] = count;
    }
    statistics->sum_over_ranks()(sums);
    // 0 in a part of a step in which no rank has a sample: nothing is learnt of
    // it, and what it gives is empty.
    const double elements = sums[2 * channels].item<double>();
    const double count = std::max(elements, 1.0);
    const at::Tensor mean = sums.narrow(0, 0, channels).div(count);
    const at::Tensor variance = sums.narrow(0, channels, channels)
                                    .div(count)
                                    .sub(mean.square())
                                    .clamp_min(0);
    const auto like_weight = [&](const at::Tensor& values) {
      return values.to(weight.device(), weight.scalar_type());
    };
    if (elements > 0) {
      statistics->mean(i)
          .mul_(1 - kMomentum)
          .add_(like_weight(mean), kMomentum);
      statistics->variance(i)
          .mul_(1 - kMomentum)
          .add_(like_weight(variance.mul(count / std::max(count - 1, 1.0))),
                kMomentum);
    }
    const at::Tensor shift = PerChannel(like_weight(mean));
    const at::Tensor scale =
        PerChannel(like_weight(variance.add(kEpsilon).rsqrt()));
    context->save_for_backward({x, weight, shift, scale});
    context->saved_data["count"] = count;
    context->saved_data["statistics"] = reinterpret_cast<int64_t>(statistics);
    return wide.sub(shift)
        .mul_(scale.mul(PerChannel(weight)))
        .add_(PerChannel(bias))
        .to(x.scalar_type());
  }

  static torch::autograd::variable_list backward(
      torch::autograd::AutogradContext* context,
      const torch::autograd::variable_list& gradients) {
    const auto saved = context->get_saved_variables();
    const at::Tensor &x = saved[0], &weight = saved[1];
    const double count = context->saved_data["count"].toDouble();
    const auto* statistics = reinterpret_cast<const RunningStatistics*>(
        context->saved_data["statistics"].toInt());
    const at::Tensor gradient = gradients[0].to(weight.scalar_type());
    const at::Tensor normalized =
        x.to(weight.scalar_type()).sub(saved[2]).mul_(saved[3]);
    const int64_t channels = weight.numel();
    // This rank's gradients of bias and weight; then those of all ranks.
    const at::Tensor of_bias = gradient.sum(at::IntArrayRef({0, 2, 3}));
    const at::Tensor of_weight =
        gradient.mul(normalized).sum(at::IntArrayRef({0, 2, 3}));
    at::Tensor sums = at::cat({of_bias, of_weight}).to(at::kCPU, at::kDouble);
    statistics->sum_over_ranks()(sums);
    const at::Tensor means =
        sums.div(count).to(weight.device(), weight.scalar_type());
    at::Tensor of_x = gradient.sub(PerChannel(means.narrow(0, 0, channels)))
                          .sub_(normalized.mul(
                              PerChannel(means.narrow(0, channels, channels))))
                          .mul_(saved[3].mul(PerChannel(weight)));
    return {of_x.to(x.scalar_type()), of_weight, of_bias, at::Tensor(),
            at::Tensor()};
  }
};

}  // namespace

RunningStatistics::RunningStatistics(std::vector<Layer> layers,
                                     at::Device device, at::ScalarType type)
    : layers_(std::move(layers)) {
  int64_t total = 0;
  for (const Layer& layer : layers_) total += layer.channels;
  const auto options = at::TensorOptions().device(device).dtype(type);
  means_ = at::zeros({total}, options);
  variances_ = at::ones({total}, options);
  int64_t first = 0;
  for (const Layer& layer : layers_) {
    layer_means_.push_back(means_.narrow(0, first, layer.channels));
    layer_variances_.push_back(variances_.narrow(0, first, layer.channels));
    first += layer.channels;
  }
}

void RunningStatistics::Reset() {
  c10::AutoGradMode no_grad(false);
  means_.zero_();
  variances_.fill_(1);
  batches_tracked_ = 0;
}

void RunningStatistics::CopyFrom(const RunningStatistics& other) {
  c10::AutoGradMode no_grad(false);
  means_.copy_(other.means_);
  variances_.copy_(other.variances_);
  batches_tracked_ = other.batches_tracked_;
}

void RunningStatistics::set_sum_over_ranks(SumOverRanks sum) {
  REPRISE_CHECK(sum == nullptr || sum_over_ranks_ == nullptr)
      << "statistics are somebody's already";
  sum_over_ranks_ = std::move(sum);
}

void RunningStatistics::SaveState(const StateWriter& state) const {
  PutTensor(state, "means", means_);
  PutTensor(state, "variances", variances_);
  state.Put("batches_tracked", batches_tracked_);
}

absl::Status RunningStatistics::LoadState(const StateReader& state) {
  c10::AutoGradMode no_grad(false);
  REPRISE_RETURN_IF_ERROR(GetTensor(state, "means", means_));
  REPRISE_RETURN_IF_ERROR(GetTensor(state, "variances", variances_));
  REPRISE_RETURN_IF_ERROR(state.Get("batches_tracked", &batches_tracked_));
  if (batches_tracked_ >= 0) return absl::OkStatus();
  return state.Error(absl::StrCat("batches_tracked: expected a count, found ",
                                  batches_tracked_));
}

at::Tensor BatchNorm(const at::Tensor& x, const at::Tensor& weight,
                     const at::Tensor& bias,
                     const RunningStatistics& statistics, size_t i,
                     bool training) {
  if (training && statistics.sum_over_ranks()) {
    return SyncBatchNorm::apply(x, weight, bias, &statistics,
                                static_cast<int64_t>(i));
  }
  return at::batch_norm(x, weight, bias, statistics.mean(i),
                        statistics.variance(i), training, kMomentum, kEpsilon,
                        /*cudnn_enabled=*/true);
}

}  // namespace reprise
