// The losses as devices compute them, by LibTorch's operations in fp64, equal
// those of the kernels in host memory.
#include <ATen/ops/allclose.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/equal.h>

#include <cstdint>
#include <limits>
#include <string>
#include <vector>

#include "agents/agent.h"
#include "agents/batch.h"
#include "agents/losses/cross_entropy.h"
#include "agents/losses/distillation.h"
#include "core/base/philox.h"
#include "core/base/status_matchers.h"
#include "core/device/testing/test_device.h"
#include "gtest/gtest.h"

namespace reprise {
namespace {

constexpr int64_t kSamples = 40, kClasses = 9;

class Losses : public testing::TestWithParam<at::ScalarType> {
 protected:
  Losses() {
    PhiloxStream numbers({5, Purpose::kTest, 0, 0, 0});
    for (int64_t i = 0; i < kSamples; ++i) {
      const auto label = static_cast<int32_t>(numbers.NextBelow(kClasses));
      batch_.Append({nullptr, label, i}, 1 + 0.25f * (i % 4), i);
    }
    batch_.MakeLossTensors(at::kCPU);
  }

  // Uniform in [-size, size).
  at::Tensor Logits(double size, uint32_t stream) const {
    const at::Tensor logits =
        at::empty({kSamples, kClasses}, at::TensorOptions(at::kDouble));
    PhiloxStream numbers({6, Purpose::kTest, 0, 0, stream});
    for (int64_t i = 0; i < logits.numel(); ++i) {
      logits.data_ptr<double>()[i] = size * (2 * numbers.NextUniform() - 1);
    }
    return logits.to(GetParam());
  }

  // What is computed where the device of the test is, beside the host.
  Batch OnDevice() const {
    Batch batch = batch_;
    batch.MakeLossTensors(TestDevice());
    return batch;
  }

  static void ExpectClose(const LossResult& found, const LossResult& expected) {
    const double relative = GetParam() == at::kDouble ? 1e-12 : 1e-6;
    EXPECT_EQ(found.losses.scalar_type(), at::kDouble);
    EXPECT_EQ(found.logits_gradient.scalar_type(), GetParam());
    EXPECT_TRUE(at::allclose(found.losses.to(at::kCPU), expected.losses, 1e-12,
                             1e-13, /*equal_nan=*/true));
    EXPECT_TRUE(at::allclose(found.logits_gradient.to(at::kCPU),
                             expected.logits_gradient, relative, relative,
                             /*equal_nan=*/true));
  }

  Batch batch_;
};

TEST_P(Losses, CrossEntropy) {
  for (const double size : {2.0, 500.0}) {
    const at::Tensor logits = Logits(size, 1);
    REPRISE_ASSERT_OK_AND_ASSIGN(const LossResult expected,
                                 BatchCrossEntropy(logits, batch_));
    ExpectClose(
        CrossEntropyByTensorOperations(logits.to(TestDevice()), OnDevice()),
        expected);
  }
}

TEST_P(Losses, OfANanAreNan) {
  const at::Tensor logits = Logits(2, 1);
  logits[3][1].fill_(std::numeric_limits<double>::quiet_NaN());
  REPRISE_ASSERT_OK_AND_ASSIGN(const LossResult expected,
                               BatchCrossEntropy(logits, batch_));
  const LossResult found =
      CrossEntropyByTensorOperations(logits.to(TestDevice()), OnDevice());
  ExpectClose(found, expected);
  EXPECT_TRUE(std::isnan(found.losses[3].item<double>()));
  EXPECT_FALSE(std::isnan(found.losses[2].item<double>()));
}

TEST_P(Losses, SigmoidDistillation) {
  std::vector<ClassRole> roles(kClasses, ClassRole::kUnseen);
  const auto check = [&](double size, const at::Tensor& previous) {
    const at::Tensor logits = Logits(size, 2);
    REPRISE_ASSERT_OK_AND_ASSIGN(
        const LossResult expected,
        BatchSigmoidDistillation(logits, previous, batch_, roles));
    ExpectClose(SigmoidDistillationByTensorOperations(
                    logits.to(TestDevice()),
                    previous.defined() ? previous.to(TestDevice()) : previous,
                    OnDevice(), roles),
                expected);
  };
  for (int64_t c = 3; c < 6; ++c) roles[c] = ClassRole::kNew;
  check(2, at::Tensor());
  for (int64_t c = 0; c < 3; ++c) roles[c] = ClassRole::kOld;
  check(2, Logits(2, 3));
  check(400, Logits(400, 3));
}

TEST_P(Losses, DistillationKl) {
  for (const double size : {2.0, 500.0}) {
    const at::Tensor logits = Logits(size, 4), previous = Logits(size, 5);
    REPRISE_ASSERT_OK_AND_ASSIGN(const LossResult expected,
                                 BatchDistillationKl(logits, previous, batch_));
    ExpectClose(
        DistillationKlByTensorOperations(logits.to(TestDevice()),
                                         previous.to(TestDevice()), OnDevice()),
        expected);
  }
}

INSTANTIATE_TEST_SUITE_P(, Losses, testing::Values(at::kFloat, at::kDouble),
                         [](const auto& info) {
                           return info.param == at::kFloat
                                      ? std::string("fp32")
                                      : std::string("fp64");
                         });

}  // namespace
}  // namespace reprise
