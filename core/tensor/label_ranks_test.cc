#include "core/tensor/label_ranks.h"

#include <ATen/ops/empty.h>

#include <cstdint>
#include <limits>
#include <vector>

#include "core/base/philox.h"
#include "core/device/testing/test_device.h"
#include "core/tensor/weighted_cross_entropy.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace reprise {
namespace {

std::vector<int64_t> Ranks(const at::Tensor& scores, const at::Tensor& labels) {
  const c10::Device device = TestDevice();
  const at::Tensor ranks =
      LabelRanksOnDevice(scores.to(device), labels.to(device))
          .to(at::kCPU)
          .contiguous();
  EXPECT_EQ(ranks.scalar_type(), at::kLong);
  return {ranks.data_ptr<int64_t>(), ranks.data_ptr<int64_t>() + ranks.numel()};
}

// Few values, so that most rows have ties, and a NaN in one of twenty places.
TEST(LabelRanksOnDevice, EqualThoseOfTheHost) {
  constexpr int64_t kSamples = 500, kClasses = 7;
  PhiloxStream numbers({3, Purpose::kTest, 0, 0, 0});
  const at::Tensor scores =
      at::empty({kSamples, kClasses}, at::TensorOptions(at::kFloat));
  for (int64_t i = 0; i < scores.numel(); ++i) {
    const uint64_t value = numbers.NextBelow(20);
    scores.data_ptr<float>()[i] = value == 19
                                      ? std::numeric_limits<float>::quiet_NaN()
                                      : static_cast<float>(value % 4);
  }
  const at::Tensor labels = at::empty({kSamples}, at::kLong);
  std::vector<int32_t> narrow(kSamples), expected(kSamples);
  for (int64_t i = 0; i < kSamples; ++i) {
    narrow[i] = static_cast<int32_t>(numbers.NextBelow(kClasses));
    labels.data_ptr<int64_t>()[i] = narrow[i];
  }
  LabelRanks<float>(scores.data_ptr<float>(), narrow.data(), kSamples, kClasses,
                    expected.data());
  EXPECT_EQ(Ranks(scores, labels),
            std::vector<int64_t>(expected.begin(), expected.end()));
}

TEST(LabelRanksOnDevice, OfNoSampleAreNone) {
  EXPECT_THAT(Ranks(at::empty({0, 3}, at::TensorOptions(at::kFloat)),
                    at::empty({0}, at::kLong)),
              testing::IsEmpty());
}

}  // namespace
}  // namespace reprise
