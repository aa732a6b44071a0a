// A network: parameters with PyTorch's state-dict names, and one forward pass
// that yields logits and features.
#ifndef REPRISE_MODELS_MODEL_H_
#define REPRISE_MODELS_MODEL_H_

#include <ATen/core/Tensor.h>

#include <array>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "core/base/state.h"
#include "core/tensor/dropout_mask.h"
#include "models/batch_norm.h"
#include "models/input_shape.h"
#include "models/parameter_store.h"

namespace reprise {

struct ModelOptions {
  int64_t num_classes = 10;
  at::Device device = at::kCPU;
  at::ScalarType master_type = at::kFloat;
  at::ScalarType compute_type = at::kFloat;  // or kBFloat16; kDouble in tests
  // Of images and of the weights of convolutions; or Contiguous. The same
  // network to rounding; which is faster: models/memory_format_table.h.
  at::MemoryFormat memory_format = at::MemoryFormat::ChannelsLast;
};

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
  virtual int64_t num_features() const = 0;
  // Of the samples that Forward is made for. It may take others.
  virtual InputShape input_shape() const = 0;

  // inputs: [n, C, H, W], of input_shape(), in the compute type, dense in
  // memory; n may be 0 in evaluation. In training updates running_statistics().
  virtual ModelOutput Forward(const at::Tensor& inputs,
                              const ForwardContext& context) = 0;

  // Parameters are zero until parameters().Initialize(seed).
  ParameterStore& parameters() { return *parameters_; }
  const ParameterStore& parameters() const { return *parameters_; }
  // Without layers in a model that normalises no batch.
  RunningStatistics& running_statistics() { return *running_statistics_; }
  const RunningStatistics& running_statistics() const {
    return *running_statistics_;
  }

  const ModelOptions& options() const { return options_; }
  int64_t num_classes() const { return options_.num_classes; }

  // Parameters and running statistics. Loaded into a network of the same kind
  // and options. Errors as core/base/state.h; LibTorch exceptions pass through.
  void SaveState(const StateWriter& state) const;
  absl::Status LoadState(const StateReader& state);

  // The same network with the same values in memory of its own.
  std::unique_ptr<Model> Clone() const;

 protected:
  Model(const ModelOptions& options, std::vector<ParameterSpec> specs,
        std::vector<RunningStatistics::Layer> layers)
      : options_(options),
        parameters_(std::make_unique<ParameterStore>(
            std::move(specs), options.device, options.master_type,
            options.compute_type, options.memory_format)),
        running_statistics_(std::make_unique<RunningStatistics>(
            std::move(layers), options.device, options.master_type)) {}

  // `inputs` in the model's memory format: as they are where that is theirs.
  at::Tensor InMemoryFormat(const at::Tensor& inputs) const;

  // A new model of the same kind and options.
  virtual std::unique_ptr<Model> MakeAnother() const = 0;

 private:
  const ModelOptions options_;
  std::unique_ptr<ParameterStore> parameters_;
  std::unique_ptr<RunningStatistics> running_statistics_;
};

}  // namespace reprise

#endif  // REPRISE_MODELS_MODEL_H_
