#include "models/batch_norm.h"

#include <ATen/ops/batch_norm.h>
#include <ATen/ops/ones.h>
#include <ATen/ops/zeros.h>
#include <c10/core/GradMode.h>

#include <utility>

namespace reprise {
namespace {

constexpr double kMomentum = 0.1;
constexpr double kEpsilon = 1e-5;

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

at::Tensor BatchNorm(const at::Tensor& x, const at::Tensor& weight,
                     const at::Tensor& bias,
                     const RunningStatistics& statistics, size_t i,
                     bool training) {
  return at::batch_norm(x, weight, bias, statistics.mean(i),
                        statistics.variance(i), training, kMomentum, kEpsilon,
                        /*cudnn_enabled=*/true);
}

}  // namespace reprise
