// All parameters of a network in one flat vector, and their gradients in
// another: the optimizer is one pass over memory, a gradient bucket is a slice,
// a snapshot is a copy, and a checkpoint a write.
//
// Three flat tensors over one layout (core/comm/gradients/parameter_layout.h),
// parameters in registration order, P its length, with the zeros that pad each
// parameter:
//   master    [P] fp32 (fp64 in tests): what the optimizer updates
//   gradients [P] same type: numerators of the weighted mean (see
//             docs/ALGORITHMS.md); autograd hooks write into it
//   leaves    views that the forward pass uses; of master itself when computing
//             in the master's type, else of a bf16 copy refreshed each step
// Weights of convolutions have their usual shape [O, I, H, W] (or [O, I, W])
// and lie in memory as the memory format says, O, H, W, I when channels last,
// since LibTorch's convolutions follow the weight's strides.
#ifndef REPRISE_MODELS_PARAMETER_STORE_H_
#define REPRISE_MODELS_PARAMETER_STORE_H_

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "core/base/state.h"
#include "core/comm/gradients/parameter_layout.h"

namespace reprise {

struct ParameterSpec {
  std::string name;            // PyTorch's state-dict name, "conv1.weight"
  std::vector<int64_t> shape;  // PyTorch's shape
  // Initial values are uniform in [-bound, bound) where bound > 0 (PyTorch's
  // default for convolutions and linear layers is 1 / sqrt(fan_in)), normal
  // with mean 0 where stddev > 0, else all `constant`.
  double bound = 0;
  double stddev = 0;
  double constant = 0;
  // Whether the forward pass takes the master's values, unrounded, whatever the
  // compute type (batch normalisation's).
  bool in_master_type = false;

  int64_t size() const;
};

// Not thread-safe. LibTorch exceptions pass through.
class ParameterStore {
 public:
  // master_type: kFloat or kDouble. compute_type: master_type or kBFloat16.
  // memory_format: ChannelsLast or Contiguous.
  ParameterStore(std::vector<ParameterSpec> specs, at::Device device,
                 at::ScalarType master_type, at::ScalarType compute_type,
                 at::MemoryFormat memory_format);
  ParameterStore(const ParameterStore&) = delete;

  const std::vector<ParameterSpec>& specs() const { return specs_; }
  const ParameterLayout& layout() const { return layout_; }
  at::ScalarType compute_type() const { return compute_type_; }
  at::Device device() const { return master_.device(); }

  // Fills the master with values that depend on `seed` and the parameter's
  // number only. Value e (in PyTorch's element order) of parameter p is
  // (2 u_e - 1) * bound, u_e the e-th uniform of the stream (seed,
  // kInitialWeights, position p); or, of normal ones,
  // stddev * sqrt(-2 ln(1 - u_2e)) * cos(2 pi u_2e+1).
  void Initialize(uint64_t seed);

  const at::Tensor& master() const { return master_; }
  // [layout().gradients_length()]: led by the sum of sample weights, which is
  // reduced with them.
  const at::Tensor& gradients_with_weight_sum() const { return gradients_; }
  // [P]: of such a tensor what follows the sum of weights.
  static at::Tensor WithoutWeightSum(const at::Tensor& gradients);
  at::Tensor gradients() const { return WithoutWeightSum(gradients_); }

  // The tensor of parameter i for the forward pass, and its gradient's place.
  const at::Tensor& leaf(int64_t i) const { return leaves_[i]; }
  const at::Tensor& gradient(int64_t i) const { return gradient_slots_[i]; }

  // Copies the master into the leaves where they are not the same memory. Call
  // after every change of the master.
  void RefreshLeaves();

  // `other` has the same parameters, types and memory format.
  void CopyFrom(const ParameterStore& other);

  // Called during backward with a parameter's number once its gradient lies in
  // gradients(). The order is autograd's. One at a time: aborts where there is
  // one; nullptr ends it.
  void SetGradientReadyCallback(std::function<void(int64_t)> callback);

  // Before backward: nothing is received yet; gradients of several backward
  // passes from here on are added up. After backward: zeroes the slots of
  // parameters that got none.
  void BeginBackward();
  void FinishBackward();

  // Parameter i of the master, contiguous in PyTorch's element order: a copy
  // where it lies otherwise in memory, else the master's own.
  at::Tensor Exported(int64_t i) const;
  // The inverse: `value` has PyTorch's shape. RefreshLeaves is the caller's.
  void Import(int64_t i, const at::Tensor& value);

  // The values, by name and in PyTorch's element order; loaded into a store of
  // the same parameters and types, whose leaves follow. Errors as
  // core/base/state.h.
  void SaveState(const StateWriter& state) const;
  absl::Status LoadState(const StateReader& state);

  // Whether no value of a parameter is infinite or not a number.
  bool AllFinite() const;

 private:
  // Parameter i where its slot begins at `offset`.
  at::Tensor ViewOf(const at::Tensor& flat, int64_t i, int64_t offset) const;
  at::Tensor MasterOf(int64_t i) const {
    return ViewOf(master_, i, layout_.offset(i));
  }

  std::vector<ParameterSpec> specs_;
  const ParameterLayout layout_;
  at::ScalarType compute_type_;
  at::MemoryFormat memory_format_;
  at::Tensor master_, compute_, gradients_;
  std::vector<at::Tensor> leaves_, gradient_slots_;
  std::vector<bool> received_;
  std::function<void(int64_t)> gradient_ready_;
};

}  // namespace reprise

#endif  // REPRISE_MODELS_PARAMETER_STORE_H_
