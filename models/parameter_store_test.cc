#include "models/parameter_store.h"

#include <ATen/core/Tensor.h>
#include <c10/core/GradMode.h>

#include <cstdint>
#include <limits>
#include <vector>

#include "core/comm/gradients/parameter_layout.h"
#include "core/tensor/optimizer.h"
#include "core/tensor/optimizer_step.h"
#include "gtest/gtest.h"

namespace reprise {
namespace {

std::vector<ParameterSpec> Specs() {
  std::vector<ParameterSpec> specs(4);
  specs[0] = {"conv.weight", {5, 3, 3, 3}, /*bound=*/0.5};
  specs[1] = {"conv.bias", {5}, /*bound=*/0.5};
  specs[2] = {"norm.weight", {7}};
  specs[2].constant = 1;
  specs[2].in_master_type = true;
  specs[3] = {"fc.weight", {10, 33}, /*bound=*/0.5};
  return specs;
}

// Elements of `values`, [P], that pad parameters.
std::vector<float> Padding(const ParameterStore& store,
                           const at::Tensor& values) {
  std::vector<float> padding;
  const ParameterLayout& layout = store.layout();
  for (int64_t p = 0; p < layout.num_parameters(); ++p) {
    for (int64_t i = layout.offset(p) + layout.size(p);
         i < layout.offset(p + 1); ++i) {
      padding.push_back(values.data_ptr<float>()[i]);
    }
  }
  return padding;
}

TEST(ParameterStore, EachLeafAndGradientBeginsAtAMultipleOf32Elements) {
  for (const at::MemoryFormat format :
       {at::MemoryFormat::ChannelsLast, at::MemoryFormat::Contiguous}) {
    for (const at::ScalarType compute_type : {at::kFloat, at::kBFloat16}) {
      const ParameterStore store(Specs(), at::kCPU, at::kFloat, compute_type,
                                 format);
      for (int64_t p = 0; p < 4; ++p) {
        EXPECT_EQ(store.leaf(p).storage_offset() % 32, 0);
        EXPECT_EQ(store.gradient(p).storage_offset() % 32, 0);
        EXPECT_EQ(store.gradient(p).strides(), store.leaf(p).strides());
      }
      EXPECT_EQ(store.master().numel(), store.gradients().numel());
      EXPECT_EQ(store.layout().num_values(), 135 + 5 + 7 + 330);
    }
  }
}

TEST(ParameterStore, WhatPadsParametersStaysZeroWhateverTheOptimizer) {
  const c10::AutoGradMode no_grad(false);
  for (const OptimizerKind kind :
       {OptimizerKind::kSgd, OptimizerKind::kAdam, OptimizerKind::kAdamW,
        OptimizerKind::kRmsProp, OptimizerKind::kAdagrad}) {
    for (const bool by_tensor_operations : {false, true}) {
      ParameterStore store(Specs(), at::kCPU, at::kFloat, at::kFloat,
                           at::MemoryFormat::ChannelsLast);
      store.Initialize(/*seed=*/3);
      const at::Tensor before = store.master().clone();
      OptimizerOptions options;
      options.kind = kind;
      options.lr = 0.1;
      options.momentum = 0.9;
      options.weight_decay = 0.01;
      options.centered = true;
      Optimizer optimizer(store.master());
      for (int step = 0; step < 3; ++step) {
        for (int64_t p = 0; p < 4; ++p) store.gradient(p).fill_(1.0f + p);
        if (by_tensor_operations) {
          optimizer.StepByTensorOperations(options, 0.5, store.gradients());
        } else {
          optimizer.Step(options, 0.5, store.gradients());
        }
      }
      for (const float value : Padding(store, store.master())) {
        EXPECT_EQ(value, 0) << "kind " << static_cast<int>(kind);
      }
      for (int64_t p = 0; p < 4; ++p) {
        EXPECT_LT(
            store.Exported(p).sum().item<float>(),
            before.narrow(0, store.layout().offset(p), store.layout().size(p))
                .sum()
                .item<float>());
      }
    }
  }
}

TEST(ParameterStore, IsFiniteWhereItsParametersAre) {
  const c10::AutoGradMode no_grad(false);
  ParameterStore store(Specs(), at::kCPU, at::kFloat, at::kFloat,
                       at::MemoryFormat::ChannelsLast);
  store.Initialize(/*seed=*/3);
  EXPECT_TRUE(store.AllFinite());
  float* const master = store.master().data_ptr<float>();
  // Of an optimizer whose epsilon is 0.
  master[store.layout().offset(1) + store.layout().size(1)] =
      std::numeric_limits<float>::quiet_NaN();
  EXPECT_TRUE(store.AllFinite());
  for (const float bad : {std::numeric_limits<float>::quiet_NaN(),
                          std::numeric_limits<float>::infinity(),
                          -std::numeric_limits<float>::infinity()}) {
    master[store.layout().offset(3) + 329] = bad;
    EXPECT_FALSE(store.AllFinite()) << bad;
  }
}

}  // namespace
}  // namespace reprise
