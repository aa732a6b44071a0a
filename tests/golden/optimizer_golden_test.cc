// Every optimizer and option against torch.optim: optimizer_reference.py.
#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <map>
#include <string>
#include <vector>

#include "core/base/philox.h"
#include "core/tensor/optimizer_step.h"
#include "gtest/gtest.h"
#include "nlohmann/json.hpp"
#include "tests/golden/reference.h"

namespace reprise {
namespace {

using ::nlohmann::json;

constexpr int64_t kParameters = 6, kSteps = 20;

// draw(step) of the script, times `scale`.
template <typename T>
std::vector<T> Draw(int64_t step, double scale) {
  PhiloxStream stream({/*seed=*/42, Purpose::kTest, /*task=*/2,
                       static_cast<uint32_t>(step), /*position=*/0});
  std::vector<T> values(kParameters);
  for (T& value : values) {
    value = static_cast<T>(scale * (2.0 * stream.NextUniform() - 1));
  }
  return values;
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

template <typename T>
void CheckAll(const char* type, double tolerance) {
  double largest = 0;
  for (const json& one : ReadReference("optimizer_reference")) {
    OptimizerOptions options = OptionsOf(one);
    const double lr = options.lr;
    std::vector<T> parameters = Draw<T>(0, 1);
    std::vector<std::vector<T>> storage(NumStates(options),
                                        std::vector<T>(kParameters));
    std::vector<T*> states;
    for (auto& state : storage) states.push_back(state.data());
    size_t kept = 0;
    for (int64_t step = 1; step <= kSteps; ++step) {
      const double factors[] = {1, 0.5, 2};
      options.lr = lr * factors[step % 3];
      OptimizerStep<T>(options, step, 0.5, Draw<T>(step, 2).data(), kParameters,
                       states, parameters.data());
      if (step != 1 && step != 2 && step != kSteps) continue;
      const double distance = RelativeDistance(
          {parameters.begin(), parameters.end()}, one[type][kept++]);
      EXPECT_LE(distance, tolerance)
          << one["optimizer"] << " " << one["options"] << " step " << step;
      largest = std::max(largest, distance);
    }
  }
  std::printf("%s: largest relative distance %.1e\n", type, largest);
}

TEST(OptimizerGolden, FollowsTorchOptimInDouble) {
  CheckAll<double>("double", 1e-15);
}

TEST(OptimizerGolden, FollowsTorchOptimInFloat) {
  CheckAll<float>("float", 5e-7);
}

}  // namespace
}  // namespace reprise
