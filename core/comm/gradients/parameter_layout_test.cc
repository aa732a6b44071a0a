#include "core/comm/gradients/parameter_layout.h"

#include <cstdint>
#include <random>
#include <vector>

#include "gtest/gtest.h"

namespace reprise {
namespace {

constexpr int64_t kAlignment = ParameterLayout::kAlignment;

TEST(ParameterLayout, SlotsAreAlignedDisjointAndHoldTheirParameters) {
  std::mt19937 numbers(7);
  for (int repetition = 0; repetition < 100; ++repetition) {
    std::vector<int64_t> sizes(numbers() % 20);
    int64_t values = 0;
    for (int64_t& size : sizes) values += size = numbers() % 200;
    const ParameterLayout layout(sizes);
    ASSERT_EQ(layout.num_parameters(), sizes.size());
    EXPECT_EQ(layout.num_values(), values);
    EXPECT_EQ(layout.offset(0), 0);
    for (int64_t p = 0; p < layout.num_parameters(); ++p) {
      EXPECT_EQ(layout.size(p), sizes[p]);
      EXPECT_EQ(layout.offset(p) % kAlignment, 0);
      EXPECT_EQ(layout.gradient_offset(p) % kAlignment, 0);
      EXPECT_GE(layout.offset(p + 1), layout.offset(p) + sizes[p]);
      EXPECT_LT(layout.offset(p + 1) - layout.offset(p) - sizes[p], kAlignment);
    }
    EXPECT_EQ(layout.length(), layout.offset(layout.num_parameters()));
    EXPECT_EQ(layout.gradients_length(),
              layout.gradient_offset(layout.num_parameters()));
  }
}

TEST(ParameterLayout, TheWeightSumLiesBeforeAllGradients) {
  const ParameterLayout layout({3});
  EXPECT_LT(ParameterLayout::kWeightSum, layout.gradient_offset(0));
  EXPECT_EQ(ParameterLayout({}).gradients_length(), kAlignment);
  EXPECT_EQ(ParameterLayout({}).length(), 0);
}

TEST(ParameterLayout, MnistNetIsNotNoticeablyLongerForIt) {
  const ParameterLayout mnistnet({288, 32, 18432, 64, 80000, 50, 500, 10});
  EXPECT_EQ(mnistnet.num_values(), 99376);
  EXPECT_EQ(mnistnet.gradients_length(), 99376 + 14 + 12 + 22 + 32);
}

}  // namespace
}  // namespace reprise
