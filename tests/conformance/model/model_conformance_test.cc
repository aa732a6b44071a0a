// Every network against models/model.h: shapes, determinism, the order of the
// parameters, training against evaluation, and where gradients come to lie.
#include <ATen/core/Tensor.h>
#include <ATen/ops/allclose.h>
#include <ATen/ops/equal.h>
#include <ATen/ops/linspace.h>
#include <c10/core/GradMode.h>

#include <cstdint>
#include <memory>
#include <numeric>
#include <set>
#include <string>
#include <vector>

#include "core/base/status_matchers.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "models/batch_norm.h"
#include "models/model.h"
#include "models/model_table.h"
#include "models/parameter_store.h"
#include "models/testing/positive_norms.h"
#include "tests/conformance/model/network_table.h"

namespace reprise {
namespace {

using ::testing::Each;

constexpr int64_t kClasses = 7;

class ModelConformance : public ::testing::TestWithParam<NetworkRow> {
 protected:
  static std::unique_ptr<Model> Make(uint64_t seed = 5) {
    ModelOptions options;
    options.num_classes = kClasses;
    auto model = MakeModel(GetParam().choice, options);
    EXPECT_THAT(model, IsOk());
    (*model)->parameters().Initialize(seed);
    // No gradient hides behind a block's last scale, which starts at 0.
    MakeNormsPositive((*model)->parameters());
    return *std::move(model);
  }

  // Distinct values in no order. As gradients of outputs: batch normalisation
  // takes off a mean over samples, which is small here.
  static at::Tensor Unalike(at::IntArrayRef shape) {
    int64_t size = 1;
    for (const int64_t extent : shape) size *= extent;
    return at::linspace(0, 1000, size, at::kDouble)
        .square()
        .sin()
        .to(at::kFloat)
        .view(shape);
  }

  static at::Tensor Input(int64_t n) {
    const InputShape& shape = GetParam().input_shape;
    return Unalike({n, shape.channels, shape.height, shape.width});
  }

  static ModelOutput Evaluate(Model& model, const at::Tensor& input) {
    const c10::NoGradGuard no_gradients;
    return model.Forward(input, {});
  }

  // In training, as step `step`, of samples at positions from `first` on.
  static ModelOutput Train(Model& model, const at::Tensor& input,
                           uint32_t step = 0, int64_t first = 0) {
    std::vector<int64_t> positions(input.size(0));
    std::iota(positions.begin(), positions.end(), first);
    ForwardContext context;
    context.training = true;
    context.dropout.step = step;
    context.positions = &positions;
    return model.Forward(input, context);
  }

  static at::Tensor TrainedLogits(Model& model, const at::Tensor& input,
                                  uint32_t step, int64_t first) {
    const c10::NoGradGuard no_gradients;
    return Train(model, input, step, first).logits;
  }
};

TEST_P(ModelConformance, InputAndOutputsHaveTheStatedShapesAndTypes) {
  const std::unique_ptr<Model> model = Make();
  EXPECT_EQ(model->name(), NameOf(GetParam().choice));
  EXPECT_EQ(model->input_shape(), GetParam().input_shape);
  EXPECT_EQ(model->num_features(), GetParam().features);
  EXPECT_EQ(model->num_classes(), kClasses);
  for (const int64_t n : {GetParam().samples, int64_t{0}}) {
    const ModelOutput output = Evaluate(*model, Input(n));
    EXPECT_EQ(output.logits.sizes(), (std::vector<int64_t>{n, kClasses}));
    EXPECT_EQ(output.features.sizes(),
              (std::vector<int64_t>{n, GetParam().features}));
    for (const at::Tensor& values : {output.logits, output.features}) {
      EXPECT_EQ(values.scalar_type(), model->options().master_type);
      EXPECT_EQ(values.device(), model->parameters().device());
      EXPECT_TRUE(values.isfinite().all().item<bool>());
    }
  }
}

TEST_P(ModelConformance, ParametersAreNamedInOneOrderAndAFunctionOfTheSeed) {
  const std::unique_ptr<Model> model = Make();
  const ParameterStore& parameters = model->parameters();
  const std::vector<ParameterSpec>& specs = parameters.specs();
  EXPECT_EQ(specs.front().name, GetParam().first_parameter);
  EXPECT_EQ(specs.back().name, GetParam().last_parameter);
  EXPECT_EQ(specs.back().shape, std::vector<int64_t>{kClasses});
  std::set<std::string> names;
  int64_t end = 0;
  for (size_t i = 0; i < specs.size(); ++i) {
    EXPECT_TRUE(names.insert(specs[i].name).second) << specs[i].name;
    EXPECT_GT(specs[i].size(), 0) << specs[i].name;
    EXPECT_EQ(parameters.leaf(i).sizes(), specs[i].shape) << specs[i].name;
    // One after the other in the flat vector, in this order.
    EXPECT_GE(parameters.layout().offset(i), end) << specs[i].name;
    end = parameters.layout().offset(i) + specs[i].size();
  }
  {
    const std::unique_ptr<Model> again = Make();
    EXPECT_TRUE(at::equal(parameters.master(), again->parameters().master()));
  }
  const std::unique_ptr<Model> other = Make(/*seed=*/6);
  ASSERT_EQ(other->parameters().specs().size(), specs.size());
  for (size_t i = 0; i < specs.size(); ++i) {
    EXPECT_EQ(other->parameters().specs()[i].name, specs[i].name);
  }
  EXPECT_FALSE(at::equal(parameters.master(), other->parameters().master()));
}

TEST_P(ModelConformance, EvaluationIsAFunctionOfTheInputAndChangesNothing) {
  const std::unique_ptr<Model> model = Make();
  const int64_t n = GetParam().samples;
  const at::Tensor input = Input(n);
  const ModelOutput once = Evaluate(*model, input);
  const ModelOutput again = Evaluate(*model, input);
  EXPECT_TRUE(at::equal(once.logits, again.logits));
  EXPECT_TRUE(at::equal(once.features, again.features));
  EXPECT_EQ(model->running_statistics().batches_tracked(), 0);
  EXPECT_FALSE(once.logits.requires_grad());
  // A sample's output does not depend on the others in its batch.
  const ModelOutput last = Evaluate(*model, input.narrow(0, n - 1, 1));
  EXPECT_TRUE(at::allclose(last.logits, once.logits.narrow(0, n - 1, 1),
                           /*rtol=*/1e-4, /*atol=*/1e-5));
  EXPECT_FALSE(at::equal(once.logits[0], once.logits[n - 1]));
}

TEST_P(ModelConformance, TrainingDropsByPositionAndTracksBatches) {
  const std::unique_ptr<Model> model = Make();
  RunningStatistics& statistics = model->running_statistics();
  EXPECT_EQ(statistics.empty(), !GetParam().normalises_batches);
  const at::Tensor input = Input(GetParam().samples);
  const at::Tensor first = TrainedLogits(*model, input, 0, 0);
  if (!statistics.empty()) {
    EXPECT_EQ(statistics.batches_tracked(), 1);
    EXPECT_GT(statistics.means().abs().sum().item<double>(), 0);
    EXPECT_TRUE(statistics.variances().gt(0).all().item<bool>());
    statistics.Reset();
  }
  EXPECT_TRUE(at::equal(first, TrainedLogits(*model, input, 0, 0)));
  EXPECT_EQ(at::equal(first, TrainedLogits(*model, input, 1, 0)),
            !GetParam().has_dropout);
  EXPECT_EQ(at::equal(first, TrainedLogits(*model, input, 0, 100)),
            !GetParam().has_dropout);
}

TEST_P(ModelConformance, BackwardFillsEveryParametersGradientOnceAndNoOther) {
  const std::unique_ptr<Model> model = Make();
  ParameterStore& parameters = model->parameters();
  std::vector<int> ready(parameters.specs().size());
  parameters.SetGradientReadyCallback([&](int64_t i) { ++ready[i]; });
  const at::Tensor input = Input(GetParam().samples);
  const at::Tensor before = parameters.master().clone();
  parameters.BeginBackward();
  const ModelOutput output = Train(*model, input);
  output.logits.backward(Unalike(output.logits.sizes()));
  parameters.FinishBackward();
  parameters.SetGradientReadyCallback(nullptr);
  EXPECT_THAT(ready, Each(1));
  EXPECT_FALSE(input.requires_grad());
  EXPECT_TRUE(at::equal(parameters.master(), before));
  const at::Tensor& flat = parameters.gradients_with_weight_sum();
  EXPECT_TRUE(flat.isfinite().all().item<bool>());
  int64_t end = parameters.layout().gradient_offset(0);
  for (size_t i = 0; i < ready.size(); ++i) {
    const std::string& name = parameters.specs()[i].name;
    EXPECT_GT(parameters.gradient(i).norm().item<double>(), 0) << name;
    // What pads the parameters has none.
    const int64_t begin = parameters.layout().gradient_offset(i);
    EXPECT_EQ(flat.slice(0, end, begin).norm().item<double>(), 0) << name;
    end = begin + parameters.specs()[i].size();
  }

  // The features do not depend on the classifier: none there.
  parameters.BeginBackward();
  const at::Tensor features = Train(*model, input).features;
  features.backward(Unalike(features.sizes()));
  parameters.FinishBackward();
  for (const size_t i : {ready.size() - 2, ready.size() - 1}) {
    EXPECT_EQ(parameters.gradient(i).norm().item<double>(), 0);
  }
  EXPECT_GT(parameters.gradient(0).norm().item<double>(), 0);
}

TEST_P(ModelConformance, ACloneComputesTheSameAndIsIndependent) {
  const std::unique_ptr<Model> model = Make();
  const at::Tensor input = Input(1);
  TrainedLogits(*model, Input(GetParam().samples), 0, 0);
  const std::unique_ptr<Model> clone = model->Clone();
  EXPECT_EQ(clone->name(), model->name());
  EXPECT_EQ(clone->input_shape(), model->input_shape());
  EXPECT_EQ(clone->running_statistics().batches_tracked(),
            model->running_statistics().batches_tracked());
  const at::Tensor logits = Evaluate(*model, input).logits;
  EXPECT_TRUE(at::equal(Evaluate(*clone, input).logits, logits));
  clone->parameters().master().zero_();
  clone->parameters().RefreshLeaves();
  EXPECT_TRUE(at::equal(Evaluate(*model, input).logits, logits));
  EXPECT_EQ(Evaluate(*clone, input).logits.abs().sum().item<double>(), 0);
}

INSTANTIATE_TEST_SUITE_P(Networks, ModelConformance,
                         ::testing::ValuesIn(NetworkTable()),
                         [](const ::testing::TestParamInfo<NetworkRow>& info) {
                           return info.param.name;
                         });

}  // namespace
}  // namespace reprise
