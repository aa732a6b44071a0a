// Every optimizer and option against torch.optim: optimizer_reference.py.
#include <ATen/core/Tensor.h>
#include <ATen/ops/empty.h>

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <map>
#include <string>
#include <vector>

#include "core/base/philox.h"
#include "core/device/testing/test_device.h"
#include "core/tensor/optimizer.h"
#include "core/tensor/optimizer_step.h"
#include "gtest/gtest.h"
#include "nlohmann/json.hpp"
#include "tests/golden/model_values.h"
#include "tests/golden/reference.h"

namespace reprise {
namespace {

using ::nlohmann::json;

constexpr int64_t kParameters = 6, kSteps = 20;

// draw(step) of the script, times `scale`.
at::Tensor Draw(int64_t step, double scale, at::ScalarType type) {
  PhiloxStream stream({/*seed=*/42, Purpose::kTest, /*task=*/2,
                       static_cast<uint32_t>(step), /*position=*/0});
  const at::Tensor values = at::empty({kParameters}, at::kDouble);
  for (int64_t i = 0; i < kParameters; ++i) {
    values.data_ptr<double>()[i] = scale * (2.0 * stream.NextUniform() - 1);
  }
  return values.to(TestDevice(), type);
}

OptimizerOptions OptionsOf(const json& one) {
  const std::map<std::string, OptimizerKind> kinds = {
      {"SGD", OptimizerKind::kSgd},
      {"Adam", OptimizerKind::kAdam},
      {"AdamW", OptimizerKind::kAdamW},
      {"RMSprop", OptimizerKind::kRmsProp},
      {"Adagrad", OptimizerKind::kAdagrad}};
  OptimizerOptions options;
  options.kind = kinds.at(one["optimizer"]);
  for (const auto& [name, value] : one["options"].items()) {
    if (name == "nesterov") {
      options.nesterov = value;
    } else if (name == "centered") {
      options.centered = value;
    } else if (name == "eps") {
      options.epsilon = value.get<double>();
    } else {
      const std::map<std::string, double*> numbers = {
          {"lr", &options.lr},
          {"momentum", &options.momentum},
          {"weight_decay", &options.weight_decay},
          {"dampening", &options.dampening},
          {"beta1", &options.beta1},
          {"beta2", &options.beta2},
          {"alpha", &options.alpha}};
      *numbers.at(name) = value;
    }
  }
  return options;
}

void CheckAll(const char* name, at::ScalarType type, double tolerance) {
  double largest = 0;
  for (const json& one : ReadReference("optimizer_reference")) {
    OptimizerOptions options = OptionsOf(one);
    const double lr = options.lr;
    const at::Tensor parameters = Draw(0, 1, type);
    Optimizer optimizer(parameters);
    size_t kept = 0;
    for (int64_t step = 1; step <= kSteps; ++step) {
      const double factors[] = {1, 0.5, 2};
      options.lr = lr * factors[step % 3];
      optimizer.Step(options, 0.5, Draw(step, 2, type));
      if (step != 1 && step != 2 && step != kSteps) continue;
      const double distance =
          RelativeDistance(Doubles(parameters), one[name][kept++]);
      EXPECT_LE(distance, tolerance)
          << one["optimizer"] << " " << one["options"] << " step " << step;
      largest = std::max(largest, distance);
    }
  }
  std::printf("%s: largest relative distance %.1e\n", name, largest);
}

TEST(OptimizerGolden, FollowsTorchOptimInDouble) {
  CheckAll("double", at::kDouble, 1e-15);
}

TEST(OptimizerGolden, FollowsTorchOptimInFloat) {
  CheckAll("float", at::kFloat, 5e-7);
}

}  // namespace
}  // namespace reprise
