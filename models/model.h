// A network: parameters with PyTorch's state-dict names, and one forward pass
// that yields logits and features.
#ifndef REPRISE_MODELS_MODEL_H_
#define REPRISE_MODELS_MODEL_H_

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "core/tensor/dropout_mask.h"
#include "models/parameter_store.h"

namespace reprise {

// n samples, K classes, D features. Both in the master's type (fp32; fp64 in
// tests), on the model's device.
struct ModelOutput {
  at::Tensor logits;    // [n, K]
  at::Tensor features;  // [n, D]
};

struct ForwardContext {
  bool training = false;
  // In training: masks are keyed by these, one global position per sample.
  DropoutKey dropout;
  const std::vector<int64_t>* positions = nullptr;
};

// Not thread-safe. Forward may throw LibTorch's exceptions: callers fence them
// (core/tensor/torch_status.h).
class Model {
 public:
  virtual ~Model() = default;
  virtual std::string name() const = 0;
  virtual int64_t num_classes() const = 0;
  virtual int64_t num_features() const = 0;

  // inputs: [n, C, H, W] in the compute type, NHWC in memory; n may be 0.
  virtual ModelOutput Forward(const at::Tensor& inputs,
                              const ForwardContext& context) = 0;

  ParameterStore& parameters() { return *parameters_; }
  const ParameterStore& parameters() const { return *parameters_; }

 protected:
  explicit Model(std::unique_ptr<ParameterStore> parameters)
      : parameters_(std::move(parameters)) {}

 private:
  std::unique_ptr<ParameterStore> parameters_;
};

}  // namespace reprise

#endif  // REPRISE_MODELS_MODEL_H_
