#include "core/base/half_float.h"

#include <cmath>
#include <cstdint>
#include <cstring>
#include <limits>

#include "gtest/gtest.h"

namespace reprise {
namespace {

struct Type {
  const char* name;
  float (*widen)(uint16_t);
  uint16_t (*narrow)(float);
  uint16_t infinity, quiet_nan, largest;
};

class HalfFloat : public testing::TestWithParam<Type> {};

INSTANTIATE_TEST_SUITE_P(
    , HalfFloat,
    testing::Values(
        Type{"Float16", FromFloat16, ToFloat16, 0x7C00, 0x7E00, 0x7BFF},
        Type{"BFloat16", FromBFloat16, ToBFloat16, 0x7F80, 0x7FC0, 0x7F7F}),
    [](const testing::TestParamInfo<Type>& info) { return info.param.name; });

TEST_P(HalfFloat, EveryNumberComesBackFromFp32AsItWas) {
  const Type& type = GetParam();
  for (int bits = 0; bits < 65536; ++bits) {
    const uint16_t half = static_cast<uint16_t>(bits);
    const float wide = type.widen(half);
    EXPECT_EQ(std::isnan(wide), (half & 0x7FFF) > type.infinity) << bits;
    if (std::isnan(wide)) {
      EXPECT_TRUE(std::isnan(type.widen(type.narrow(wide)))) << bits;
    } else {
      EXPECT_EQ(type.narrow(wide), half);
    }
  }
}

// Of those whose significant bits are all in the lower half, rounding without
// care would make infinity; of those that are all ones, zero.
TEST_P(HalfFloat, EveryNanStaysOne) {
  const Type& type = GetParam();
  for (const uint32_t bits : {0x7F800001u, 0x7F807FFFu, 0x7FC00000u,
                              0x7FFFFFFFu, 0xFF800001u, 0xFFFFFFFFu}) {
    float nan;
    std::memcpy(&nan, &bits, sizeof(nan));
    EXPECT_EQ(type.narrow(nan) & 0x7FFF, type.quiet_nan) << bits;
  }
}

TEST_P(HalfFloat, TiesGoToEven) {
  const Type& type = GetParam();
  const uint16_t one = type.narrow(1.0f);
  for (int i = 0; i < 4; ++i) {
    const uint16_t lower = static_cast<uint16_t>(one + i);
    const uint16_t upper = static_cast<uint16_t>(lower + 1);
    const float middle = (type.widen(lower) + type.widen(upper)) / 2;
    EXPECT_EQ(type.narrow(middle), lower % 2 == 0 ? lower : upper);
    EXPECT_EQ(type.narrow(std::nextafter(middle, 0.0f)), lower);
    EXPECT_EQ(type.narrow(std::nextafter(middle, 9.0f)), upper);
  }
}

TEST_P(HalfFloat, BeyondTheRangeIsInfinity) {
  const Type& type = GetParam();
  EXPECT_EQ(type.narrow(std::numeric_limits<float>::max()), type.infinity);
  EXPECT_EQ(type.narrow(-std::numeric_limits<float>::infinity()),
            type.infinity | 0x8000);
  EXPECT_EQ(type.narrow(type.widen(type.largest)), type.largest);
}

}  // namespace
}  // namespace reprise
