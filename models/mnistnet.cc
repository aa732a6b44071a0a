#include "models/mnistnet.h"

#include <ATen/ops/linear.h>
#include <ATen/ops/max_pool2d.h>
#include <ATen/ops/relu.h>

#include <utility>
#include <vector>

#include "models/convolution.h"
#include "models/input_shape.h"
#include "models/layers.h"

namespace reprise {
namespace {

constexpr double kDropoutProbability = 0.5;
constexpr int64_t kConv2Channels = 64;
constexpr int64_t kFeatures = 50;

class MnistNet final : public Model {
 public:
  explicit MnistNet(const ModelOptions& options)
      : Model(options, Specs(options.num_classes), {}) {}

  std::string name() const override { return "mnistnet"; }
  int64_t num_features() const override { return kFeatures; }
  InputShape input_shape() const override { return kMnistNetInput; }

  ModelOutput Forward(const at::Tensor& inputs,
                      const ForwardContext& context) override {
    const ParameterStore& p = parameters();
    // One stream per sample serves both layers: the first 64 elements are
    // dropout2d's channels, the other 50 dropout's features.
    at::Tensor masks;
    if (context.training) {
      masks = DropoutMask(options(), context, inputs.size(0),
                          kConv2Channels + kFeatures, kDropoutProbability);
    }

    at::Tensor x = Convolve(InMemoryFormat(inputs), p.leaf(0), p.leaf(1),
                            /*stride=*/1, /*padding=*/0);
    x = at::relu(at::max_pool2d(x, {2, 2}));
    x = Convolve(x, p.leaf(2), p.leaf(3), /*stride=*/1, /*padding=*/0);
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
    return {logits.to(options().master_type),
            features.to(options().master_type)};
  }

 private:
  static std::vector<ParameterSpec> Specs(int64_t num_classes) {
    std::vector<ParameterSpec> specs;
    AppendLayer("conv1", {32, 1, 3, 3}, specs);
    AppendLayer("conv2", {kConv2Channels, 32, 3, 3}, specs);
    AppendLayer("fc1", {kFeatures, 1600}, specs);
    AppendLayer("fc2", {num_classes, kFeatures}, specs);
    return specs;
  }

  std::unique_ptr<Model> MakeAnother() const override {
    return std::make_unique<MnistNet>(options());
  }
};

}  // namespace

std::unique_ptr<Model> MakeMnistNet(const ModelOptions& options) {
  return std::make_unique<MnistNet>(options);
}

}  // namespace reprise
