// The same network in both memory formats: PyTorch's order outside, the wanted
// one inside, and the gradients of fp64 to fp32's rounding.
#include <ATen/core/Tensor.h>
#include <ATen/ops/equal.h>
#include <ATen/ops/linspace.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "gtest/gtest.h"
#include "models/input_shape.h"
#include "models/model.h"
#include "models/model_table.h"
#include "models/parameter_store.h"
#include "models/testing/positive_norms.h"

namespace reprise {
namespace {

constexpr at::MemoryFormat kFormats[] = {at::MemoryFormat::ChannelsLast,
                                         at::MemoryFormat::Contiguous};

std::unique_ptr<Model> Make(const ModelChoice& choice, at::MemoryFormat format,
                            at::ScalarType type) {
  ModelOptions options;
  options.memory_format = format;
  options.master_type = options.compute_type = type;
  std::unique_ptr<Model> model = *MakeModel(choice, options);
  ParameterStore& parameters = model->parameters();
  parameters.Initialize(5);
  MakeNormsPositive(parameters);
  return model;
}

// Of distinct values in no order.
at::Tensor Input(int64_t n, int64_t channels, int64_t side) {
  const int64_t size = n * channels * side * side;
  return at::linspace(0, 1000, size, at::kDouble)
      .square()
      .sin()
      .view({n, channels, side, side});
}

// In PyTorch's element order, fp64.
std::vector<at::Tensor> Gradients(Model& model, const at::Tensor& input) {
  ParameterStore& parameters = model.parameters();
  std::vector<int64_t> positions(input.size(0));
  ForwardContext context;
  context.training = true;
  context.positions = &positions;
  parameters.BeginBackward();
  const ModelOutput output =
      model.Forward(input.to(model.options().compute_type), context);
  // Its mean over samples, which batch normalisation takes off, is small.
  output.logits.backward(
      at::linspace(1, 1000, output.logits.numel(), at::kDouble)
          .square()
          .sin()
          .view(output.logits.sizes())
          .to(output.logits.scalar_type()));
  parameters.FinishBackward();
  // As if they were the parameters, to have them exported.
  parameters.master().copy_(parameters.gradients());
  std::vector<at::Tensor> gradients;
  for (int64_t i = 0; i < static_cast<int64_t>(parameters.specs().size());
       ++i) {
    gradients.push_back(parameters.Exported(i).to(at::kDouble, false, true));
  }
  return gradients;
}

TEST(MemoryFormat, WeightsLookLikeItAlsoWithOneChannelAndLeaveInPyTorchsOrder) {
  const auto last =
      Make({"mnistnet"}, at::MemoryFormat::ChannelsLast, at::kFloat);
  const auto contiguous =
      Make({"mnistnet"}, at::MemoryFormat::Contiguous, at::kFloat);
  for (const int64_t convolution : {0, 2}) {
    EXPECT_EQ(last->parameters().leaf(convolution).suggest_memory_format(),
              at::MemoryFormat::ChannelsLast);
    EXPECT_EQ(
        contiguous->parameters().leaf(convolution).suggest_memory_format(),
        at::MemoryFormat::Contiguous);
  }
  for (int64_t i = 0; i < 8; ++i) {
    const at::Tensor exported = contiguous->parameters().Exported(i);
    EXPECT_TRUE(at::equal(last->parameters().Exported(i), exported)) << i;
    EXPECT_TRUE(exported.is_contiguous());
  }
  // In again by way of the other.
  const auto filled =
      Make({"mnistnet"}, at::MemoryFormat::ChannelsLast, at::kFloat);
  filled->parameters().master().zero_();
  for (int64_t i = 0; i < 8; ++i) {
    filled->parameters().Import(i, contiguous->parameters().Exported(i));
  }
  EXPECT_TRUE(
      at::equal(filled->parameters().master(), last->parameters().master()));
}

TEST(MemoryFormat, InputsLookLikeItWhateverTheyWere) {
  class Probe final : public Model {
   public:
    explicit Probe(const ModelOptions& options) : Model(options, {}, {}) {}
    std::string name() const override { return "probe"; }
    int64_t num_features() const override { return 0; }
    InputShape input_shape() const override { return {}; }
    ModelOutput Forward(const at::Tensor&, const ForwardContext&) override {
      return {};
    }
    using Model::InMemoryFormat;

   private:
    std::unique_ptr<Model> MakeAnother() const override {
      return std::make_unique<Probe>(options());
    }
  };
  for (const at::MemoryFormat format : kFormats) {
    ModelOptions options;
    options.memory_format = format;
    const Probe probe(options);
    for (const int64_t channels : {1, 3}) {
      const at::Tensor nchw = Input(2, channels, 6);
      const at::Tensor nhwc =
          nchw.permute({0, 2, 3, 1}).contiguous().permute({0, 3, 1, 2});
      for (const at::Tensor& input : {nchw, nhwc}) {
        const at::Tensor x = probe.InMemoryFormat(input);
        EXPECT_EQ(x.suggest_memory_format(), format);
        EXPECT_TRUE(at::equal(x, nchw));
      }
      EXPECT_EQ(probe.InMemoryFormat(nchw.narrow(0, 0, 0)).sizes(),
                (std::vector<int64_t>{0, channels, 6, 6}));
    }
  }
}

TEST(MemoryFormat, GradientsAreThoseOfFp64InBoth) {
  struct Case {
    ModelChoice choice;
    at::Tensor input;
    double tolerance;
  };
  // MNISTNet's choices of pooling and relu are at least 1.2e-4 and 9.6e-6 clear
  // on this image (Margins of tests/golden/nil_reference.py). Batch
  // normalisation takes off most of what reaches a ResNet's filters, some 1e-4
  // of the classifier's gradient, and fp32's rounding stays: plain PyTorch's is
  // up to 6e-4 of it. What is less than kNoise of the largest is rounding only.
  constexpr double kNoise = 1e-5;
  const Case cases[] = {{{"mnistnet"}, Input(1, 1, 28), 1e-4},
                        {{"resnet", {18, 16}}, Input(4, 3, 32), 2e-3},
                        {{"resnet", {50, 16}}, Input(4, 3, 32), 2e-3}};
  for (const auto& [choice, input, tolerance] : cases) {
    const auto expected = Gradients(
        *Make(choice, at::MemoryFormat::Contiguous, at::kDouble), input);
    double largest = 0;
    for (const at::Tensor& gradient : expected) {
      largest = std::max(largest, gradient.norm().item<double>());
    }
    for (size_t i = 0; i < expected.size(); ++i) {
      if (expected[i].dim() != 4) continue;
      EXPECT_GT(expected[i].norm().item<double>(), kNoise * largest)
          << NameOf(choice) << ", filters " << i;
    }
    for (const at::MemoryFormat format : kFormats) {
      const auto gradients =
          Gradients(*Make(choice, format, at::kFloat), input);
      for (size_t i = 0; i < expected.size(); ++i) {
        const double norm = expected[i].norm().item<double>();
        EXPECT_LE(gradients[i].sub(expected[i]).norm().item<double>(),
                  tolerance * std::max(norm, kNoise * largest))
            << NameOf(choice) << ", parameter " << i << ", format "
            << static_cast<int>(format);
      }
    }
  }
}

}  // namespace
}  // namespace reprise
