// MNISTNet against torch.nn: tests/golden/mnistnet_reference.py.
#include <ATen/core/Tensor.h>

#include <algorithm>
#include <cstdio>
#include <memory>
#include <string>
#include <vector>

#include "agents/base/base_agent.h"
#include "agents/batch.h"
#include "agents/training/batch_input.h"
#include "core/base/status_matchers.h"
#include "core/device/testing/test_device.h"
#include "gtest/gtest.h"
#include "models/mnistnet.h"
#include "tests/golden/model_values.h"
#include "tests/golden/reference.h"

namespace reprise {
namespace {

using ::nlohmann::json;

// The largest relative distances to the reference in double precision: of all
// parameters, logits, features and losses, and of each gradient tensor.
struct Precision {
  const char* name;
  at::ScalarType master_type, compute_type;
  double parameters, outputs, gradients;
};

constexpr Precision kPrecisions[] = {
    {"fp64", at::kDouble, at::kDouble, 2e-14, 1e-13, 1e-13},
    {"fp32", at::kFloat, at::kFloat, 1e-7, 2e-6, 1e-5},
    // PyTorch's own gradients in bf16 are as far away, 0.10 at conv1: of pixels
    // that round to one value, max-pooling may choose another.
    {"bf16", at::kFloat, at::kBFloat16, 1e-7, 2e-2, 1.5e-1},
};

class MnistNetGoldenTest : public testing::TestWithParam<Precision> {
 protected:
  MnistNetGoldenTest()
      : reference_(ReadReference("mnistnet_reference")), data_(ScriptedData()) {
    ModelOptions options;
    options.device = TestDevice();
    options.master_type = GetParam().master_type;
    options.compute_type = GetParam().compute_type;
    model_ = MakeMnistNet(options);
    model_->parameters().Initialize(42);
  }

  void Compare(const char* what, double distance, double tolerance) {
    std::printf("%-5s %-22s %.2e (at most %.0e)\n", GetParam().name, what,
                distance, tolerance);
    EXPECT_LE(distance, tolerance) << what;
  }

  // Forward pass, loss and gradients on the samples of `expected`.
  void CheckCase(const json& expected, const ForwardContext& context) {
    Batch batch;
    double weight_sum = 0;
    for (size_t i = 0; i < expected["ids"].size(); ++i) {
      const double weight = expected["weights"][i];
      batch.Append(data_.train->At(expected["ids"][i]),
                   static_cast<float>(weight), static_cast<int64_t>(i));
      weight_sum += weight;
    }
    batch.incoming = batch.size();
    ParameterStore& parameters = model_->parameters();
    batch.MakeLossTensors(parameters.device());
    const ModelOutput output = model_->Forward(
        BatchInput(data_.train->format)
            .Make(batch.samples, GetParam().compute_type, parameters.device()),
        context);
    Compare("logits",
            RelativeDistance(Doubles(output.logits), expected["logits"]),
            GetParam().outputs);
    Compare("features",
            RelativeDistance(Doubles(output.features), expected["features"]),
            GetParam().outputs);

    constexpr double kScale = 1.0 / 64;
    REPRISE_ASSERT_OK_AND_ASSIGN(const LossResult loss,
                                 MakeBaseAgent()->Loss(output, batch));
    Compare("losses",
            RelativeDistance(Doubles(loss.losses), expected["losses"]),
            GetParam().outputs);
    parameters.BeginBackward();
    output.logits.backward(loss.logits_gradient.mul(kScale));
    parameters.FinishBackward();
    for (size_t i = 0; i < parameters.specs().size(); ++i) {
      const int number = static_cast<int>(i);
      Compare(parameters.specs()[i].name.c_str(),
              SketchDistance(
                  GradientOf(parameters, number, 1 / (kScale * weight_sum)),
                  expected["gradients"][i], number),
              GetParam().gradients);
    }
  }

  const json reference_;
  const DatasetPair data_;
  std::unique_ptr<Model> model_;
};

TEST_P(MnistNetGoldenTest, InitialParametersAreThoseOfTheScript) {
  const ParameterStore& parameters = model_->parameters();
  ASSERT_EQ(parameters.specs().size(), reference_["initial"].size());
  for (size_t i = 0; i < parameters.specs().size(); ++i) {
    const int number = static_cast<int>(i);
    EXPECT_LE(SketchDistance(Doubles(parameters.Exported(number)),
                             reference_["initial"][i], number),
              GetParam().parameters)
        << parameters.specs()[i].name;
  }
}

TEST_P(MnistNetGoldenTest, NoPixelOfTheReferenceIsChosenByRounding) {
  EXPECT_GE(reference_["margins"]["pooling"], kLeastMargin);
  EXPECT_GE(reference_["margins"]["relu"], kLeastMargin);
}

TEST_P(MnistNetGoldenTest, EvaluationAndItsGradientsArePyTorchs) {
  CheckCase(reference_["evaluation"], ForwardContext{});
}

TEST_P(MnistNetGoldenTest, TrainingWithWeightsAndDropoutIsPyTorchs) {
  const json& expected = reference_["training"];
  const std::vector<int64_t> positions = expected["positions"];
  ForwardContext context;
  context.training = true;
  context.dropout = {42, expected["task"], expected["step"]};
  context.positions = &positions;
  CheckCase(expected, context);
}

INSTANTIATE_TEST_SUITE_P(MnistNet, MnistNetGoldenTest,
                         testing::ValuesIn(kPrecisions),
                         [](const testing::TestParamInfo<Precision>& info)
                             -> std::string { return info.param.name; });

TEST(MnistNetTest, Has99376ParametersWithTenClasses) {
  EXPECT_EQ(MakeMnistNet({})->parameters().layout().num_values(), 99376);
}

}  // namespace
}  // namespace reprise
