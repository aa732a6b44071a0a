#include "models/resnet.h"

#include <ATen/ops/adaptive_avg_pool2d.h>
#include <ATen/ops/linear.h>

#include <cmath>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "core/base/status.h"
#include "models/convolution.h"
#include "models/input_shape.h"

namespace reprise {
namespace {

constexpr double kClassifierDeviation = 0.01;
constexpr int64_t kLargestWidth = 4096;

// What a depth stands for.
struct Shape {
  bool bottleneck = false;
  int64_t expansion = 1;
  std::vector<int64_t> blocks;  // per stage
  int64_t width = 64;           // of the first stage
};

absl::StatusOr<Shape> ShapeOf(const ResNetOptions& resnet) {
  Shape shape;
  switch (resnet.depth) {
    case 18:
      shape.blocks = {2, 2, 2, 2};
      break;
    case 34:
      shape.blocks = {3, 4, 6, 3};
      break;
    case 50:
      shape.blocks = {3, 4, 6, 3};
      break;
    case 101:
      shape.blocks = {3, 4, 23, 3};
      break;
    case 152:
      shape.blocks = {3, 8, 36, 3};
      break;
    default:
      return UsageError(
          absl::StrCat("resnet: expected depth 18, 34, 50, 101 or 152, found ",
                       resnet.depth));
  }
  if (resnet.width < 0 || resnet.width > kLargestWidth) {
    return UsageError(absl::StrCat("resnet: expected width 1 to ",
                                   kLargestWidth, ", found ", resnet.width));
  }
  shape.bottleneck = resnet.depth >= 50;
  shape.expansion = shape.bottleneck ? 4 : 1;
  if (resnet.upstream) {
    shape.blocks = {2, 2, 2};
    shape.expansion = 1;
    if (resnet.depth == 18) shape.width = 20;
    if (resnet.depth == 34) shape.width = 40;
  }
  if (resnet.width > 0) shape.width = resnet.width;
  return shape;
}

// A convolution without bias, then batch normalisation: numbers of their
// parameters and running statistics.
struct ConvNorm {
  int64_t conv = 0, scale = 0, shift = 0;
  size_t statistics = 0;
  int64_t stride = 1, padding = 0;
};

struct Block {
  std::vector<ConvNorm> body;        // relu after each; after the last, the sum
  std::vector<ConvNorm> downsample;  // none or one
};

struct Plan {
  std::vector<ParameterSpec> parameters;
  std::vector<RunningStatistics::Layer> statistics;
  ConvNorm stem;
  std::vector<Block> blocks;
  int64_t classifier_weight = 0, classifier_bias = 0;
  int64_t features = 0;
};

class Planner {
 public:
  explicit Planner(const Shape& shape) : shape_(shape) {}

  Plan Make(int64_t num_classes) {
    channels_ = shape_.width;
    plan_.stem = Add("conv1", "bn1", 3, channels_, 3, 1);
    for (size_t stage = 0; stage < shape_.blocks.size(); ++stage) {
      const int64_t width = shape_.width << stage;
      for (int64_t b = 0; b < shape_.blocks[stage]; ++b) {
        AddBlock(absl::StrCat("layer", stage + 1, ".", b), width,
                 stage > 0 && b == 0 ? 2 : 1);
      }
    }
    plan_.features = channels_;
    ParameterSpec weight{"fc.weight", {num_classes, channels_}};
    weight.stddev = kClassifierDeviation;
    plan_.classifier_weight = Add(std::move(weight));
    plan_.classifier_bias = Add(ParameterSpec{"fc.bias", {num_classes}});
    return std::move(plan_);
  }

 private:
  int64_t Add(ParameterSpec spec) {
    plan_.parameters.push_back(std::move(spec));
    return static_cast<int64_t>(plan_.parameters.size()) - 1;
  }

  ConvNorm Add(const std::string& conv, const std::string& norm, int64_t inputs,
               int64_t outputs, int64_t kernel, int64_t stride,
               double scale = 1) {
    ConvNorm layer;
    ParameterSpec weight{conv + ".weight", {outputs, inputs, kernel, kernel}};
    weight.stddev =
        std::sqrt(2.0 / static_cast<double>(kernel * kernel * outputs));
    layer.conv = Add(std::move(weight));
    ParameterSpec multiplier{norm + ".weight", {outputs}};
    multiplier.constant = scale;
    multiplier.in_master_type = true;
    layer.scale = Add(std::move(multiplier));
    ParameterSpec bias{norm + ".bias", {outputs}};
    bias.in_master_type = true;
    layer.shift = Add(std::move(bias));
    layer.statistics = plan_.statistics.size();
    plan_.statistics.push_back({norm, outputs});
    layer.stride = stride;
    layer.padding = kernel / 2;
    return layer;
  }

  void AddBlock(const std::string& name, int64_t width, int64_t stride) {
    const int64_t outputs = width * shape_.expansion;
    const auto add = [&](int n, int64_t inputs, int64_t layer_outputs,
                         int64_t kernel, int64_t layer_stride,
                         double scale = 1) {
      return Add(absl::StrCat(name, ".conv", n), absl::StrCat(name, ".bn", n),
                 inputs, layer_outputs, kernel, layer_stride, scale);
    };
    Block block;
    if (shape_.bottleneck) {
      block.body = {add(1, channels_, width, 1, 1),
                    add(2, width, width, 3, stride),
                    add(3, width, outputs, 1, 1, /*scale=*/0)};
    } else {
      block.body = {add(1, channels_, width, 3, stride),
                    add(2, width, outputs, 3, 1, /*scale=*/0)};
    }
    if (stride != 1 || channels_ != outputs) {
      block.downsample = {Add(name + ".downsample.0", name + ".downsample.1",
                              channels_, outputs, 1, stride)};
    }
    channels_ = outputs;
    plan_.blocks.push_back(std::move(block));
  }

  const Shape shape_;
  int64_t channels_ = 0;  // of the last layer added
  Plan plan_;
};

class ResNet final : public Model {
 public:
  ResNet(const ResNetOptions& resnet, const Plan& plan,
         const ModelOptions& options)
      : Model(options, plan.parameters, plan.statistics),
        resnet_(resnet),
        plan_(plan) {}

  std::string name() const override { return NameOf(resnet_); }
  int64_t num_features() const override { return plan_.features; }
  InputShape input_shape() const override { return kResNetInput; }

  ModelOutput Forward(const at::Tensor& inputs,
                      const ForwardContext& context) override {
    const bool training = context.training;
    at::Tensor x = Apply(plan_.stem, InMemoryFormat(inputs), training).relu_();
    for (const Block& block : plan_.blocks) {
      at::Tensor shortcut = x;
      for (const ConvNorm& layer : block.downsample) {
        shortcut = Apply(layer, x, training);
      }
      for (size_t i = 0; i < block.body.size(); ++i) {
        if (i > 0) x.relu_();
        x = Apply(block.body[i], x, training);
      }
      x.add_(shortcut).relu_();
    }
    if (training) {
      RunningStatistics& statistics = running_statistics();
      statistics.set_batches_tracked(statistics.batches_tracked() + 1);
    }
    const at::Tensor features = at::adaptive_avg_pool2d(x, {1, 1}).flatten(1);
    const at::Tensor logits =
        at::linear(features, parameters().leaf(plan_.classifier_weight),
                   parameters().leaf(plan_.classifier_bias));
    return {logits.to(options().master_type),
            features.to(options().master_type)};
  }

 private:
  at::Tensor Apply(const ConvNorm& layer, const at::Tensor& x, bool training) {
    const ParameterStore& p = parameters();
    const at::Tensor y = Convolve(x, p.leaf(layer.conv), /*bias=*/{},
                                  layer.stride, layer.padding);
    return BatchNorm(y, p.leaf(layer.scale), p.leaf(layer.shift),
                     running_statistics(), layer.statistics, training);
  }

  std::unique_ptr<Model> MakeAnother() const override {
    return std::make_unique<ResNet>(resnet_, plan_, options());
  }

  const ResNetOptions resnet_;
  const Plan plan_;
};

}  // namespace

std::string NameOf(const ResNetOptions& resnet) {
  std::string name = absl::StrCat("resnet", resnet.depth);
  if (resnet.upstream) absl::StrAppend(&name, "-upstream");
  if (resnet.width > 0) absl::StrAppend(&name, "-width", resnet.width);
  return name;
}

absl::StatusOr<std::unique_ptr<Model>> MakeResNet(const ResNetOptions& resnet,
                                                  const ModelOptions& options) {
  REPRISE_ASSIGN_OR_RETURN(const Shape shape, ShapeOf(resnet));
  return std::make_unique<ResNet>(
      resnet, Planner(shape).Make(options.num_classes), options);
}

}  // namespace reprise
