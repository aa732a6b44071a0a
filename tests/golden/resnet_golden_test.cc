// Residual networks against torch.nn: tests/golden/resnet_reference.py.
#include <ATen/Parallel.h>
#include <ATen/core/Tensor.h>
#include <ATen/ops/empty.h>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdio>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "agents/base/base_agent.h"
#include "agents/batch.h"
#include "agents/training/batch_input.h"
#include "core/base/philox.h"
#include "core/base/status_matchers.h"
#include "core/device/testing/test_device.h"
#include "core/tensor/optimizer.h"
#include "data/cifar10/cifar10.h"
#include "data/dataset.h"
#include "gtest/gtest.h"
#include "models/resnet.h"
#include "tests/golden/model_values.h"
#include "tests/golden/reference.h"

namespace reprise {
namespace {

using ::nlohmann::json;

constexpr int64_t kSamples = 6, kWidth = 8;
constexpr double kScale = 1.0 / 64;

// The largest relative distances to the reference: of outputs and losses in
// training, of all gradients together, of all parameters after two steps, of
// the running statistics, and of the outputs of the network evaluated with
// them. Rounding moves some activations across relu's kink, which changes
// gradients at once; fp64 shows that nothing else differs.
struct Precision {
  const char* name;
  at::ScalarType master_type, compute_type;
  double outputs, gradients, parameters, statistics, evaluated;
  at::MemoryFormat memory_format = at::MemoryFormat::ChannelsLast;
};

constexpr Precision kPrecisions[] = {
    {"fp64", at::kDouble, at::kDouble, 1e-12, 1e-11, 1e-12, 1e-12, 1e-11},
    {"fp32", at::kFloat, at::kFloat, 1e-4, 5e-2, 3e-2, 1e-2, 3e-2},
    {"bf16", at::kFloat, at::kBFloat16, 1.5e-1, 1.5, 1e-1, 5e-2, 3e-1},
    {"fp64_contiguous", at::kDouble, at::kDouble, 1e-12, 1e-11, 1e-12, 1e-12,
     1e-11, at::MemoryFormat::Contiguous},
    {"fp32_contiguous", at::kFloat, at::kFloat, 1e-4, 5e-2, 3e-2, 1e-2, 3e-2,
     at::MemoryFormat::Contiguous},
};

Dataset ScriptedImages() {
  Dataset images;
  images.format = Cifar10RowFormat();
  images.num_classes = 10;
  for (int64_t i = 0; i < kSamples; ++i) {
    images.labels.push_back(static_cast<int32_t>(i % 10));
    for (int64_t c = 0; c < 3; ++c) {
      for (int64_t y = 0; y < 32; ++y) {
        for (int64_t x = 0; x < 32; ++x) {
          images.rows.push_back(static_cast<std::byte>(
              ((i + 1) * x * y + 31 * i + 53 * c * (x + y) + 7 * x) % 256));
        }
      }
    }
  }
  return images;
}

// Batch normalisation's parameters as the script moves them.
void MoveNormalization(ParameterStore& parameters) {
  for (size_t i = 0; i < parameters.specs().size(); ++i) {
    const ParameterSpec& spec = parameters.specs()[i];
    if (!spec.in_master_type) continue;
    const bool scale = spec.name.substr(spec.name.rfind('.')) == ".weight";
    PhiloxStream stream({42, Purpose::kTest, 1, 0, static_cast<uint32_t>(i)});
    at::Tensor values = at::empty(spec.shape, at::kDouble);
    for (int64_t e = 0; e < spec.size(); ++e) {
      values.data_ptr<double>()[e] =
          (scale ? 0.8 : 0.1) + 0.4 * (stream.NextUniform() - 0.5);
    }
    parameters.Import(static_cast<int64_t>(i), values);
  }
  parameters.RefreshLeaves();
}

class ResNetGoldenTest : public testing::TestWithParam<Precision> {
 protected:
  void Compare(const char* what, double distance, double tolerance) {
    std::printf("%-15s %-28s %.2e (at most %.0e)\n", GetParam().name, what,
                distance, tolerance);
    EXPECT_LE(distance, tolerance) << what;
  }

  // Relative, of all tensors as one vector.
  static double DistanceOfAll(
      const ParameterStore& parameters, const json& sketches,
      const std::function<std::vector<double>(int64_t)>& values) {
    double difference = 0, total = 0;
    for (size_t i = 0; i < parameters.specs().size(); ++i) {
      const double norm = sketches[i][0];
      const double distance =
          norm * SketchDistance(values(static_cast<int64_t>(i)), sketches[i],
                                static_cast<int>(i));
      difference += distance * distance;
      total += norm * norm;
    }
    return std::sqrt(difference / total);
  }

  void CheckCase(const json& expected) {
    const Precision& precision = GetParam();
    // Tests share the cores: OpenMP's waiting threads would take them.
    at::set_num_threads(1);
    ModelOptions options;
    options.device = TestDevice();
    options.master_type = precision.master_type;
    options.compute_type = precision.compute_type;
    options.memory_format = precision.memory_format;
    REPRISE_ASSERT_OK_AND_ASSIGN(
        const std::unique_ptr<Model> model,
        MakeResNet({expected["depth"], kWidth, expected["upstream"]}, options));
    ParameterStore& parameters = model->parameters();
    parameters.Initialize(42);
    MoveNormalization(parameters);
    CheckNames(*model, expected["names"]);

    const Dataset images = ScriptedImages();
    Batch batch;
    double weight_sum = 0;
    for (int64_t i = 0; i < kSamples; ++i) {
      const double weight = expected["weights"][i];
      batch.Append(images.At(i), static_cast<float>(weight), i);
      weight_sum += weight;
    }
    batch.incoming = kSamples;
    batch.MakeLossTensors(TestDevice());
    const at::Tensor input =
        BatchInput(images.format)
            .Make(batch.samples, precision.compute_type, TestDevice());
    Optimizer optimizer(parameters.master());
    OptimizerOptions sgd{0.05, 0.9, 0.01};
    for (int step = 0; step < 2; ++step) {
      ForwardContext training;
      training.training = true;
      training.positions = &batch.positions;
      const ModelOutput output = model->Forward(input, training);
      REPRISE_ASSERT_OK_AND_ASSIGN(const LossResult loss,
                                   MakeBaseAgent()->Loss(output, batch));
      parameters.BeginBackward();
      output.logits.backward(loss.logits_gradient.mul(kScale));
      parameters.FinishBackward();
      const double factor = 1 / (kScale * weight_sum);
      if (step == 0) {
        Compare("logits",
                RelativeDistance(Doubles(output.logits), expected["logits"]),
                precision.outputs);
        Compare(
            "features",
            SketchDistance(Doubles(output.features), expected["features"], 0),
            precision.outputs);
        Compare("losses",
                RelativeDistance(Doubles(loss.losses), expected["losses"]),
                precision.outputs);
        Compare("gradients",
                DistanceOfAll(parameters, expected["gradients"],
                              [&](int64_t i) {
                                return GradientOf(parameters, i, factor);
                              }),
                precision.gradients);
      }
      optimizer.Step(sgd, factor, parameters.gradients());
      parameters.RefreshLeaves();
    }
    Compare("parameters, 2 steps",
            DistanceOfAll(
                parameters, expected["parameters"],
                [&](int64_t i) { return Doubles(parameters.Exported(i)); }),
            precision.parameters);
    const RunningStatistics& statistics = model->running_statistics();
    EXPECT_EQ(statistics.batches_tracked(), 2);
    Compare("running means",
            SketchDistance(Doubles(statistics.means()),
                           expected["running_means"], 0),
            precision.statistics);
    Compare("running variances",
            SketchDistance(Doubles(statistics.variances()),
                           expected["running_variances"], 0),
            precision.statistics);
    const std::unique_ptr<Model> clone = model->Clone();
    Compare("logits, evaluated",
            RelativeDistance(
                Doubles(clone->Forward(input, ForwardContext{}).logits),
                expected["evaluated"]),
            precision.evaluated);
    EXPECT_EQ(statistics.batches_tracked(), 2);
  }

  void CheckNames(const Model& model, std::vector<std::string> expected) {
    std::vector<std::string> names;
    for (const ParameterSpec& spec : model.parameters().specs()) {
      names.push_back(spec.name);
    }
    for (const auto& layer : model.running_statistics().layers()) {
      for (const char* buffer :
           {".running_mean", ".running_var", ".num_batches_tracked"}) {
        names.push_back(layer.name + buffer);
      }
    }
    std::sort(names.begin(), names.end());
    std::sort(expected.begin(), expected.end());
    EXPECT_EQ(names, expected);
  }
};

TEST_P(ResNetGoldenTest, ForwardTwoStepsAndEvaluationArePyTorchs) {
  const json reference = ReadReference("resnet_reference");
  ASSERT_EQ(reference["cases"].size(), 4u);
  for (const json& expected : reference["cases"]) {
    std::printf("depth %d%s\n", expected["depth"].get<int>(),
                expected["upstream"].get<bool>() ? ", upstream" : "");
    CheckCase(expected);
  }
}

INSTANTIATE_TEST_SUITE_P(ResNet, ResNetGoldenTest,
                         testing::ValuesIn(kPrecisions),
                         [](const testing::TestParamInfo<Precision>& info)
                             -> std::string { return info.param.name; });

}  // namespace
}  // namespace reprise
