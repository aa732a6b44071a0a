#include "models/candlenet.h"

#include <ATen/ops/linear.h>
#include <ATen/ops/max_pool2d.h>
#include <ATen/ops/relu.h>

#include <string>
#include <utility>
#include <vector>

#include "models/convolution.h"
#include "models/input_shape.h"
#include "models/layers.h"

namespace reprise {
namespace {

constexpr int64_t kInputs = kCandleNetInput.width, kChannels = 128;
constexpr int64_t kKernel1 = 20, kKernel2 = 10, kPool = 10;
constexpr int64_t kFlat =
    kChannels * ((kInputs - kKernel1 + 1 - kKernel2 + 1) / kPool);
static_assert(kFlat == 773760);
constexpr int64_t kHidden = 200, kFeatures = 20;
constexpr double kDropoutProbability = 0.1;

class CandleNet final : public Model {
 public:
  explicit CandleNet(const ModelOptions& options)
      : Model(options, Specs(options.num_classes), {}) {}

  std::string name() const override { return "candlenet"; }
  int64_t num_features() const override { return kFeatures; }
  InputShape input_shape() const override { return kCandleNetInput; }

  ModelOutput Forward(const at::Tensor& inputs,
                      const ForwardContext& context) override {
    const ParameterStore& p = parameters();
    // One-dimensional convolutions are two-dimensional ones of height 1.
    at::Tensor x =
        Convolve(InMemoryFormat(inputs), p.leaf(0).unsqueeze(2), p.leaf(1),
                 /*stride=*/1, /*padding=*/0)
            .relu_();
    x = Convolve(x, p.leaf(2).unsqueeze(2), p.leaf(3), /*stride=*/1,
                 /*padding=*/0);
    // In this order relu works on a tenth of the elements; they commute.
    x = at::max_pool2d(x, {1, kPool}).relu_();
    x = at::linear(x.flatten(1), p.leaf(4), p.leaf(5)).relu_();
    if (context.training) {
      x = x.mul(DropoutMask(options(), context, inputs.size(0), kHidden,
                            kDropoutProbability));
    }
    const at::Tensor features = at::linear(x, p.leaf(6), p.leaf(7));
    const at::Tensor logits =
        at::linear(at::relu(features), p.leaf(8), p.leaf(9));
    return {logits.to(options().master_type),
            features.to(options().master_type)};
  }

 private:
  static std::vector<ParameterSpec> Specs(int64_t num_classes) {
    std::vector<ParameterSpec> specs;
    AppendLayer("conv1", {kChannels, 1, kKernel1}, specs);
    AppendLayer("conv2", {kChannels, kChannels, kKernel2}, specs);
    AppendLayer("fc1", {kHidden, kFlat}, specs);
    AppendLayer("fc2", {kFeatures, kHidden}, specs);
    AppendLayer("fc3", {num_classes, kFeatures}, specs);
    return specs;
  }

  std::unique_ptr<Model> MakeAnother() const override {
    return std::make_unique<CandleNet>(options());
  }
};

}  // namespace

std::unique_ptr<Model> MakeCandleNet(const ModelOptions& options) {
  return std::make_unique<CandleNet>(options);
}

}  // namespace reprise
