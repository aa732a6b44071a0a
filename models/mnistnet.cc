#include "models/mnistnet.h"

#include <ATen/ops/conv2d.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/linear.h>
#include <ATen/ops/max_pool2d.h>
#include <ATen/ops/relu.h>

#include <cmath>
#include <utility>
#include <vector>

#include "core/base/check.h"
#include "core/tensor/dropout_mask.h"
#include "core/tensor/torch_element.h"

namespace reprise {
namespace {

constexpr double kDropoutProbability = 0.5;
constexpr int64_t kConv2Channels = 64;
constexpr int64_t kFeatures = 50;

class MnistNet final : public Model {
 public:
  explicit MnistNet(const MnistNetOptions& options)
      : Model(std::make_unique<ParameterStore>(
            Specs(options.num_classes), options.device, options.master_type,
            options.compute_type)),
        num_classes_(options.num_classes),
        master_type_(options.master_type) {}

  std::string name() const override { return "mnistnet"; }
  int64_t num_classes() const override { return num_classes_; }
  int64_t num_features() const override { return kFeatures; }

  ModelOutput Forward(const at::Tensor& inputs,
                      const ForwardContext& context) override {
    const ParameterStore& p = parameters();
    // One stream per sample serves both layers: the first 64 elements are
    // dropout2d's channels, the other 50 dropout's features.
    at::Tensor masks;
    if (context.training) masks = Masks(inputs.size(0), context);

    at::Tensor x = at::conv2d(inputs, p.leaf(0), p.leaf(1));
    x = at::relu(at::max_pool2d(x, {2, 2}));
    x = at::conv2d(x, p.leaf(2), p.leaf(3));
    x = at::relu(at::max_pool2d(x, {2, 2}));
    if (context.training) {
      x = x.mul(masks.narrow(1, 0, kConv2Channels).unsqueeze(-1).unsqueeze(-1));
    }
    const at::Tensor features = at::linear(x.flatten(1), p.leaf(4), p.leaf(5));
    x = at::relu(features);
    if (context.training) {
      x = x.mul(masks.narrow(1, kConv2Channels, kFeatures));
    }
    const at::Tensor logits = at::linear(x, p.leaf(6), p.leaf(7));
    return {logits.to(master_type_), features.to(master_type_)};
  }

 private:
  static std::vector<ParameterSpec> Specs(int64_t num_classes) {
    std::vector<ParameterSpec> specs;
    auto add_layer = [&](const std::string& name, std::vector<int64_t> shape) {
      const int64_t outputs = shape[0];
      ParameterSpec weight{name + ".weight", std::move(shape)};
      const int64_t fan_in = weight.size() / outputs;
      weight.bound = 1 / std::sqrt(static_cast<double>(fan_in));
      specs.push_back(weight);
      specs.push_back({name + ".bias", {outputs}, weight.bound});
    };
    add_layer("conv1", {32, 1, 3, 3});
    add_layer("conv2", {kConv2Channels, 32, 3, 3});
    add_layer("fc1", {kFeatures, 1600});
    add_layer("fc2", {num_classes, kFeatures});
    return specs;
  }

  at::Tensor Masks(int64_t n, const ForwardContext& context) const {
    REPRISE_CHECK(context.positions != nullptr &&
                  static_cast<int64_t>(context.positions->size()) == n)
        << "training needs one position per sample";
    at::Tensor masks =
        at::empty({n, kConv2Channels + kFeatures},
                  at::TensorOptions(parameters().compute_type()));
    FillDropoutMask(context.dropout, *context.positions,
                    kConv2Channels + kFeatures, kDropoutProbability,
                    ElementOf(parameters().compute_type()), masks.data_ptr());
    return masks.to(parameters().device());
  }

  int64_t num_classes_;
  at::ScalarType master_type_;
};

}  // namespace

std::unique_ptr<Model> MakeMnistNet(const MnistNetOptions& options) {
  return std::make_unique<MnistNet>(options);
}

}  // namespace reprise
