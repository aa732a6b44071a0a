#include "models/parameter_store.h"

#include <ATen/ops/aminmax.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/zeros.h>
#include <c10/core/GradMode.h>
#include <torch/csrc/autograd/function_hook.h>
#include <torch/csrc/autograd/variable.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <memory>
#include <utility>

#include "core/base/check.h"
#include "core/base/philox.h"
#include "core/base/status.h"
#include "core/tensor/tensor_state.h"

namespace reprise {
namespace {

constexpr double kTwoPi = 6.283185307179586476925;

// Calls `hook` in backward once the gradient of `leaf` is complete.
void CallWhenAccumulated(const at::Tensor& leaf,
                         std::function<void(const at::Tensor&)> hook) {
  class Hook final : public torch::autograd::PostAccumulateGradHook {
   public:
    explicit Hook(std::function<void(const at::Tensor&)> function)
        : function_(std::move(function)) {}
    void operator()(const at::Tensor& tensor) override { function_(tensor); }

   private:
    const std::function<void(const at::Tensor&)> function_;
  };
  torch::autograd::impl::set_post_acc_grad_hooks(
      leaf, std::make_unique<Hook>(std::move(hook)));
}

double NormalOf(PhiloxStream& stream) {
  const double u = stream.NextUniform(), v = stream.NextUniform();
  return std::sqrt(-2 * std::log1p(-u)) * std::cos(kTwoPi * v);
}

// Strides for the weights of convolutions ([O, I, H, W], or [O, I, W] of
// one-dimensional ones), contiguous for others. Computed by hand: to
// Tensor::contiguous an [O, 1, H, W] weight is in either format already, and
// convolution then takes the one that its strides look like.
std::vector<int64_t> StridesOf(const std::vector<int64_t>& shape,
                               at::MemoryFormat format) {
  std::vector<int64_t> strides(shape.size());
  int64_t stride = 1;
  auto assign = [&](size_t dimension) {
    strides[dimension] = stride;
    stride *= shape[dimension];
  };
  const bool channels_last = format == at::MemoryFormat::ChannelsLast;
  if (channels_last && shape.size() == 4) {
    for (size_t dimension : {1, 3, 2, 0}) assign(dimension);
  } else if (channels_last && shape.size() == 3) {
    for (size_t dimension : {1, 2, 0}) assign(dimension);
  } else {
    for (size_t d = shape.size(); d-- > 0;) assign(d);
  }
  return strides;
}

std::vector<int64_t> SizesOf(const std::vector<ParameterSpec>& specs) {
  std::vector<int64_t> sizes;
  for (const ParameterSpec& spec : specs) sizes.push_back(spec.size());
  return sizes;
}

}  // namespace

int64_t ParameterSpec::size() const {
  int64_t product = 1;
  for (const int64_t extent : shape) product *= extent;
  return product;
}

ParameterStore::ParameterStore(std::vector<ParameterSpec> specs,
                               at::Device device, at::ScalarType master_type,
                               at::ScalarType compute_type,
                               at::MemoryFormat memory_format)
    : specs_(std::move(specs)),
      layout_(SizesOf(specs_)),
      compute_type_(compute_type),
      memory_format_(memory_format) {
  const auto options = at::TensorOptions().device(device).dtype(master_type);
  master_ = at::zeros({layout_.length()}, options);
  gradients_ = at::zeros({layout_.gradients_length()}, options);
  compute_ = compute_type == master_type
                 ? master_
                 : at::zeros({layout_.length()}, options.dtype(compute_type));
  received_.resize(specs_.size());
  for (int64_t i = 0; i < static_cast<int64_t>(specs_.size()); ++i) {
    gradient_slots_.push_back(
        ViewOf(gradients_, i, layout_.gradient_offset(i)));
    const at::Tensor& values = specs_[i].in_master_type ? master_ : compute_;
    at::Tensor leaf = ViewOf(values, i, layout_.offset(i)).detach();
    leaf.set_requires_grad(true);
    CallWhenAccumulated(leaf, [this, i](const at::Tensor& accumulated) {
      c10::AutoGradMode no_grad(false);
      received_[i] ? gradient_slots_[i].add_(accumulated.grad())
                   : gradient_slots_[i].copy_(accumulated.grad());
      // Else each gradient would stay a second time until the next step, in the
      // compute type: 310 MB of CANDLENet.
      accumulated.mutable_grad() = at::Tensor();
      received_[i] = true;
      if (gradient_ready_) gradient_ready_(i);
    });
    leaves_.push_back(std::move(leaf));
  }
}

at::Tensor ParameterStore::ViewOf(const at::Tensor& flat, int64_t i,
                                  int64_t offset) const {
  return flat.as_strided(specs_[i].shape,
                         StridesOf(specs_[i].shape, memory_format_), offset);
}

at::Tensor ParameterStore::WithoutWeightSum(const at::Tensor& gradients) {
  return gradients.narrow(0, ParameterLayout::kLead,
                          gradients.numel() - ParameterLayout::kLead);
}

void ParameterStore::Initialize(uint64_t seed) {
  c10::AutoGradMode no_grad(false);
  for (int64_t i = 0; i < static_cast<int64_t>(specs_.size()); ++i) {
    PhiloxStream stream({seed, Purpose::kInitialWeights, /*task=*/0,
                         /*step=*/0, static_cast<uint32_t>(i)});
    const at::Tensor parameter = MasterOf(i);
    const int64_t num_rows = specs_[i].shape[0];
    const int64_t row_size = specs_[i].size() / std::max<int64_t>(num_rows, 1);
    // A few rows at a time: all of a large parameter would take twice its
    // memory, in double.
    constexpr int64_t kValuesAtATime = 1 << 20;
    const int64_t most_rows =
        std::max<int64_t>(kValuesAtATime / std::max<int64_t>(row_size, 1), 1);
    for (int64_t row = 0; row < num_rows; row += most_rows) {
      at::Tensor slice =
          parameter.narrow(0, row, std::min(most_rows, num_rows - row));
      const at::Tensor values = at::empty(slice.sizes(), at::kDouble);
      double* out = values.data_ptr<double>();
      for (int64_t e = 0; e < values.numel(); ++e) {
        if (specs_[i].bound > 0) {
          out[e] = (2.0 * stream.NextUniform() - 1.0) * specs_[i].bound;
        } else if (specs_[i].stddev > 0) {
          out[e] = NormalOf(stream) * specs_[i].stddev;
        } else {
          out[e] = specs_[i].constant;
        }
      }
      slice.copy_(values);
    }
  }
  RefreshLeaves();
}

void ParameterStore::RefreshLeaves() {
  c10::AutoGradMode no_grad(false);
  if (!compute_.is_same(master_)) compute_.copy_(master_);
}

void ParameterStore::CopyFrom(const ParameterStore& other) {
  REPRISE_CHECK(memory_format_ == other.memory_format_)
      << "the flat vectors have another order";
  c10::AutoGradMode no_grad(false);
  master_.copy_(other.master_);
  RefreshLeaves();
}

void ParameterStore::SaveState(const StateWriter& state) const {
  for (size_t i = 0; i < specs_.size(); ++i) {
    PutTensor(state, specs_[i].name, Exported(static_cast<int64_t>(i)));
  }
}

absl::Status ParameterStore::LoadState(const StateReader& state) {
  c10::AutoGradMode no_grad(false);
  for (size_t i = 0; i < specs_.size(); ++i) {
    REPRISE_RETURN_IF_ERROR(
        GetTensor(state, specs_[i].name, MasterOf(static_cast<int64_t>(i))));
  }
  RefreshLeaves();
  return absl::OkStatus();
}

void ParameterStore::SetGradientReadyCallback(
    std::function<void(int64_t)> callback) {
  REPRISE_CHECK(callback == nullptr || gradient_ready_ == nullptr)
      << "gradients are somebody's already";
  gradient_ready_ = std::move(callback);
}

void ParameterStore::BeginBackward() { received_.assign(specs_.size(), false); }

void ParameterStore::FinishBackward() {
  for (size_t i = 0; i < specs_.size(); ++i) {
    if (!received_[i]) gradient_slots_[i].zero_();
  }
}

at::Tensor ParameterStore::Exported(int64_t i) const {
  return MasterOf(i).contiguous(at::MemoryFormat::Contiguous);
}

void ParameterStore::Import(int64_t i, const at::Tensor& value) {
  c10::AutoGradMode no_grad(false);
  MasterOf(i).copy_(value);
}

bool ParameterStore::AllFinite() const {
  // A NaN is the least and the largest value of its tensor.
  const auto is_finite = [](const at::Tensor& values) {
    if (values.numel() == 0) return true;
    const auto [least, largest] = at::aminmax(values);
    return std::isfinite(least.item<double>()) &&
           std::isfinite(largest.item<double>());
  };
  // At once; and where that fails without what pads the parameters.
  if (is_finite(master_)) return true;
  for (int64_t i = 0; i < layout_.num_parameters(); ++i) {
    if (!is_finite(MasterOf(i))) return false;
  }
  return true;
}

}  // namespace reprise
