#include "core/tensor/optimizer.h"

#include <ATen/ops/ones.h>
#include <ATen/ops/zeros.h>

#include <string>
#include <vector>

#include "core/base/philox.h"
#include "core/base/state.h"
#include "core/base/status_matchers.h"
#include "core/device/testing/test_device.h"
#include "gtest/gtest.h"

namespace reprise {
namespace {

constexpr int64_t kParameters = 37;

at::Tensor Random(uint32_t step) {
  at::Tensor values = at::zeros({kParameters}, at::kDouble);
  PhiloxStream stream({7, Purpose::kTest, 0, step, 0});
  for (int64_t i = 0; i < kParameters; ++i) {
    values.data_ptr<double>()[i] = stream.NextUniform() - 0.5;
  }
  return values;
}

double LargestDifference(const at::Tensor& a, const at::Tensor& b) {
  return a.to(at::kCPU).sub(b.to(at::kCPU)).abs().max().item<double>();
}

std::vector<OptimizerOptions> AllKinds() {
  std::vector<OptimizerOptions> all;
  for (const OptimizerKind kind :
       {OptimizerKind::kSgd, OptimizerKind::kAdam, OptimizerKind::kAdamW,
        OptimizerKind::kRmsProp, OptimizerKind::kAdagrad}) {
    for (const double momentum : {0.0, 0.9}) {
      for (const double weight_decay : {0.0, 0.01}) {
        for (const bool other : {false, true}) {
          OptimizerOptions options;
          options.kind = kind;
          options.lr = 0.05;
          options.momentum = momentum;
          options.weight_decay = weight_decay;
          options.nesterov = other && momentum > 0;
          options.dampening = !other && momentum > 0 ? 0.1 : 0;
          options.centered = other;
          if (options.Problems().empty()) all.push_back(options);
        }
      }
    }
  }
  return all;
}

TEST(OptimizerTest, TheGpusOperationsGiveWhatTheFusedStepGives) {
  const std::vector<OptimizerOptions> all = AllKinds();
  ASSERT_GT(all.size(), 20u);
  for (size_t o = 0; o < all.size(); ++o) {
    const at::Tensor fused = Random(100);
    const at::Tensor by_operations = Random(100).to(TestDevice());
    Optimizer a(fused), b(by_operations);
    for (uint32_t step = 0; step < 10; ++step) {
      a.Step(all[o], 0.3, Random(step));
      b.StepByTensorOperations(all[o], 0.3, Random(step));
    }
    EXPECT_LT(LargestDifference(fused, by_operations), 1e-12) << o;
    EXPECT_GT(LargestDifference(fused, Random(100)), 1e-3) << o;
    ASSERT_EQ(a.states().size(), b.states().size());
    for (size_t s = 0; s < a.states().size(); ++s) {
      EXPECT_LT(LargestDifference(a.states()[s], b.states()[s]), 1e-12) << o;
    }
  }
}

TEST(OptimizerTest, ResetAndAChangeOfKindForgetTheState) {
  OptimizerOptions sgd;
  sgd.momentum = 0.9;
  OptimizerOptions adam;
  adam.kind = OptimizerKind::kAdam;
  const at::Tensor changed = Random(100).to(TestDevice());
  const at::Tensor fresh = Random(100).to(TestDevice());
  Optimizer a(changed), b(fresh);
  a.Step(sgd, 1, Random(1));
  changed.copy_(fresh);
  a.Step(adam, 1, Random(2));
  b.Step(adam, 1, Random(2));
  EXPECT_EQ(LargestDifference(changed, fresh), 0);
  EXPECT_EQ(a.steps(), 1);
  a.Reset();
  changed.copy_(fresh);
  a.Step(adam, 1, Random(3));
  Optimizer c(fresh);
  c.Step(adam, 1, Random(3));
  EXPECT_EQ(LargestDifference(changed, fresh), 0);
}

// A gate that is open changes nothing; behind a closed one nothing changes,
// although the gradient is not a number.
TEST(OptimizerTest, AGateOnTheDeviceHoldsAStepBack) {
  const c10::Device device = TestDevice();
  const at::Tensor open = at::ones({}, at::TensorOptions(at::kBool)).to(device);
  const at::Tensor closed = open.logical_not();
  for (const OptimizerOptions& options : AllKinds()) {
    const at::Tensor gated = Random(100).to(device);
    const at::Tensor plain = Random(100).to(device);
    Optimizer a(gated), b(plain);
    for (uint32_t step = 0; step < 3; ++step) {
      a.StepByTensorOperations(options, 0.3, Random(step), open);
      b.StepByTensorOperations(options, 0.3, Random(step));
    }
    EXPECT_EQ(LargestDifference(gated, plain), 0);
    a.StepByTensorOperations(options, 0.3, Random(4).log(), closed);
    EXPECT_EQ(LargestDifference(gated, plain), 0);
    for (size_t s = 0; s < a.states().size(); ++s) {
      EXPECT_EQ(LargestDifference(a.states()[s], b.states()[s]), 0);
    }
  }
}

TEST(OptimizerTest, GoesOnFromItsState) {
  for (const OptimizerOptions& options : AllKinds()) {
    const at::Tensor whole = Random(100).to(TestDevice());
    Optimizer a(whole);
    for (uint32_t step = 0; step < 3; ++step) a.Step(options, 1, Random(step));
    State state;
    a.SaveState(StateWriter(&state));
    const at::Tensor resumed = whole.clone();
    Optimizer b(resumed);
    const StateReader reader(&state);
    REPRISE_ASSERT_OK(b.LoadState(reader));
    REPRISE_EXPECT_OK(reader.CheckAllRead());
    for (uint32_t step = 3; step < 6; ++step) {
      a.Step(options, 1, Random(step));
      b.Step(options, 1, Random(step));
    }
    EXPECT_EQ(LargestDifference(whole, resumed), 0);
    state.at("steps").bytes.back() = '\x80';  // negative
    EXPECT_THAT(b.LoadState(StateReader(&state)),
                FailsWith("expected those of an optimizer"));
  }
}

TEST(OptimizerTest, PlainSgdKeepsNoState) {
  const at::Tensor parameters = Random(100).to(TestDevice());
  Optimizer optimizer(parameters);
  optimizer.Step(OptimizerOptions{}, 1, Random(1));
  EXPECT_TRUE(optimizer.states().empty());
}

}  // namespace
}  // namespace reprise
