// CANDLENet at its true size against torch.nn:
// tests/golden/candlenet_reference.py.
#include <ATen/Parallel.h>
#include <ATen/core/Tensor.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <cstring>
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
#include "data/dataset.h"
#include "gtest/gtest.h"
#include "models/candlenet.h"
#include "models/memory_format_table.h"
#include "models/model.h"
#include "models/parameter_store.h"
#include "tests/golden/model_values.h"
#include "tests/golden/reference.h"

namespace reprise {
namespace {

using ::nlohmann::json;

// Of the script.
constexpr int64_t kFeatures = 60483, kSamples = 2, kKept = 64;
constexpr uint32_t kTask = 3, kStep = 7;
constexpr double kLearningRate = 0.01;

// The largest relative distances of the network in fp32 to the reference in
// fp64: of outputs and losses, of each gradient, of each parameter. Some
// choices of relu and pooling are closer than rounding; each moves a gradient
// by one term of a million.
constexpr double kOutputs = 2e-5, kGradients = 1e-4, kParameters = 2e-7;

constexpr double kScale = 1.0 / 64;

Dataset ScriptedRows() {
  Dataset rows;
  rows.format.element = DType::kFloat32;
  rows.format.width = kFeatures;
  rows.num_classes = 2;
  std::vector<float> values;
  for (int64_t i = 0; i < kSamples; ++i) {
    PhiloxStream stream({/*seed=*/42, Purpose::kTest, /*task=*/4, /*step=*/0,
                         static_cast<uint32_t>(i)});
    for (int64_t e = 0; e < kFeatures; ++e) {
      values.push_back(stream.NextUniform());
    }
    rows.labels.push_back(static_cast<int32_t>(i % 2));
  }
  rows.rows.resize(values.size() * sizeof(float));
  std::memcpy(rows.rows.data(), values.data(), rows.rows.size());
  return rows;
}

void Compare(const std::string& what, double distance, double tolerance) {
  std::printf("%-24s %.2e (at most %.0e)\n", what.c_str(), distance, tolerance);
  EXPECT_LE(distance, tolerance) << what;
}

// The distance of the values at the drawn places, or that of the norms if it is
// larger. `number`: the tensor's place in its list.
double DistanceOfSummary(const at::Tensor& tensor, const json& summary,
                         int number) {
  const double expected = summary["norm"];
  const at::Tensor flat = tensor.to(at::kCPU).reshape({-1});
  const float* values = flat.data_ptr<float>();
  const int64_t size = flat.numel();
  // LibTorch's norm adds in fp32, too coarse for 155 million values.
  double squares = 0;
  for (int64_t e = 0; e < size; ++e) {
    squares += static_cast<double>(values[e]) * values[e];
  }
  PhiloxStream places({/*seed=*/42, Purpose::kTest, /*task=*/5, /*step=*/0,
                       static_cast<uint32_t>(number)});
  std::vector<double> kept;
  for (int64_t k = 0; k < std::min(size, kKept); ++k) {
    kept.push_back(values[size <= kKept ? k : places.NextBelow(size)]);
  }
  return std::max(std::abs(std::sqrt(squares) - expected) / expected,
                  RelativeDistance(kept, summary["values"]));
}

// On CPUs fp32 is contiguous, bf16 and GPUs are channels last.
class CandleNetGoldenTest : public testing::TestWithParam<at::MemoryFormat> {};

TEST_P(CandleNetGoldenTest, ForwardGradientsAndOneStepArePyTorchs) {
  // Tests share the cores: OpenMP's waiting threads would take them.
  at::set_num_threads(1);
  const json reference = ReadReference("candlenet_reference");
  ModelOptions options;
  options.num_classes = 2;
  options.device = TestDevice();
  options.memory_format = GetParam();
  const std::unique_ptr<Model> model = MakeCandleNet(options);
  ParameterStore& parameters = model->parameters();
  EXPECT_EQ(parameters.layout().num_values(), 154922918);
  parameters.Initialize(42);
  std::vector<std::string> names;
  for (const ParameterSpec& spec : parameters.specs()) {
    names.push_back(spec.name);
  }
  ASSERT_EQ(names, reference["names"].get<std::vector<std::string>>());
  const auto check_all = [&](const char* list, double tolerance) {
    for (size_t i = 0; i < names.size(); ++i) {
      const int number = static_cast<int>(i);
      Compare(std::string(list) + " " + names[i],
              DistanceOfSummary(parameters.Exported(number), reference[list][i],
                                number),
              tolerance);
    }
  };
  check_all("initial", kParameters);

  const Dataset rows = ScriptedRows();
  Batch batch;
  double weight_sum = 0;
  for (int64_t i = 0; i < kSamples; ++i) {
    const float weight = 1 + 0.25f * static_cast<float>(i);
    batch.Append(rows.At(i), weight, i);
    weight_sum += weight;
  }
  batch.incoming = kSamples;
  batch.MakeLossTensors(TestDevice());
  ForwardContext context;
  context.training = true;
  context.dropout = {42, kTask, kStep};
  context.positions = &batch.positions;
  const ModelOutput output = model->Forward(
      BatchInput(rows.format).Make(batch.samples, at::kFloat, TestDevice()),
      context);
  Compare("logits",
          RelativeDistance(Doubles(output.logits), reference["logits"]),
          kOutputs);
  Compare("features",
          RelativeDistance(Doubles(output.features), reference["features"]),
          kOutputs);
  REPRISE_ASSERT_OK_AND_ASSIGN(const LossResult loss,
                               MakeBaseAgent()->Loss(output, batch));
  Compare("losses", RelativeDistance(Doubles(loss.losses), reference["losses"]),
          kOutputs);
  parameters.BeginBackward();
  output.logits.backward(loss.logits_gradient.mul(kScale));
  parameters.FinishBackward();
  const double factor = 1 / (kScale * weight_sum);
  for (size_t i = 0; i < names.size(); ++i) {
    const int number = static_cast<int>(i);
    Compare("gradient " + names[i],
            DistanceOfSummary(parameters.gradient(number).mul(factor),
                              reference["gradients"][i], number),
            kGradients);
  }
  Optimizer(parameters.master())
      .Step(OptimizerOptions{kLearningRate, 0.0, 0.0}, factor,
            parameters.gradients());
  parameters.RefreshLeaves();
  check_all("parameters", kParameters);
}

INSTANTIATE_TEST_SUITE_P(
    Formats, CandleNetGoldenTest,
    testing::Values(at::MemoryFormat::ChannelsLast,
                    at::MemoryFormat::Contiguous),
    [](const testing::TestParamInfo<at::MemoryFormat>& info) -> std::string {
      return std::string(NameOf(info.param));
    });

}  // namespace
}  // namespace reprise
