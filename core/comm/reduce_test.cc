#include "core/comm/reduce.h"

#include <cmath>
#include <cstdint>
#include <cstring>
#include <limits>
#include <random>

#include "core/base/dtype.h"
#include "core/comm/collective.h"
#include "gtest/gtest.h"

namespace reprise {
namespace {

// The value of a 16-bit float with `mantissa_bits` bits of mantissa, by the
// definition of the format.
double ValueOf(uint16_t bits, int mantissa_bits) {
  const int exponent_bits = 15 - mantissa_bits;
  const int bias = (1 << (exponent_bits - 1)) - 1;
  const int exponent = (bits >> mantissa_bits) & ((1 << exponent_bits) - 1);
  const int mantissa = bits & ((1 << mantissa_bits) - 1);
  const double sign = (bits & 0x8000) != 0 ? -1 : 1;
  if (exponent == (1 << exponent_bits) - 1) {
    return mantissa != 0 ? std::nan("")
                         : sign * std::numeric_limits<double>::infinity();
  }
  return exponent == 0 ? sign * std::ldexp(mantissa, 1 - bias - mantissa_bits)
                       : sign * std::ldexp(mantissa + (1 << mantissa_bits),
                                           exponent - bias - mantissa_bits);
}

uint16_t Sum(uint16_t a, uint16_t b, DType dtype) {
  Reduce(&a, &b, 1, dtype, ReduceOp::kSum);
  return b;
}

class SixteenBitFloats : public testing::TestWithParam<DType> {
 protected:
  int mantissa_bits() const { return GetParam() == DType::kFloat16 ? 10 : 7; }
  double Value(uint16_t bits) const { return ValueOf(bits, mantissa_bits()); }
};

TEST_P(SixteenBitFloats, SurviveAddingZero) {
  for (int bits = 0; bits < 65536; ++bits) {
    const uint16_t sum = Sum(static_cast<uint16_t>(bits), 0, GetParam());
    if (std::isnan(Value(bits))) {
      EXPECT_TRUE(std::isnan(Value(sum))) << bits;
    } else {
      EXPECT_EQ(Value(sum), Value(bits)) << bits;
    }
  }
}

TEST_P(SixteenBitFloats, AddToTheNearestOfTheirKindAndTiesGoToEven) {
  std::mt19937 generator(1);
  for (int i = 0; i < 2000000; ++i) {
    const uint16_t a = static_cast<uint16_t>(generator());
    const uint16_t b = static_cast<uint16_t>(generator());
    // In fp32 first, as documented.
    const double exact =
        static_cast<float>(Value(a)) + static_cast<float>(Value(b));
    const uint16_t sum = Sum(a, b, GetParam());
    if (std::isnan(exact)) {
      EXPECT_TRUE(std::isnan(Value(sum)));
      continue;
    }
    if (std::isinf(exact)) {
      EXPECT_EQ(Value(sum), exact);
      continue;
    }
    // The neighbours away from and towards zero. Beyond the largest number the
    // next step of the last exponent stands for infinity.
    const double largest =
        Value(GetParam() == DType::kFloat16 ? 0x7BFF : 0x7F7F);
    const double beyond =
        largest +
        (largest - Value(GetParam() == DType::kFloat16 ? 0x7BFE : 0x7F7E));
    const auto magnitude = [&](uint16_t bits) {
      const double value = std::abs(Value(bits));
      return std::isinf(value) ? beyond : value;
    };
    const double mine = std::abs(magnitude(sum) - std::abs(exact));
    if (!std::isinf(Value(sum))) {
      const double up = std::abs(magnitude(sum + 1) - std::abs(exact));
      ASSERT_TRUE(mine < up || (mine == up && sum % 2 == 0))
          << a << " + " << b << " = " << sum;
    }
    if ((sum & 0x7FFF) != 0) {
      const double down = std::abs(magnitude(sum - 1) - std::abs(exact));
      ASSERT_TRUE(mine < down || (mine == down && sum % 2 == 0))
          << a << " + " << b << " = " << sum;
      ASSERT_EQ(std::signbit(Value(sum)), std::signbit(exact));
    }
  }
}

INSTANTIATE_TEST_SUITE_P(, SixteenBitFloats,
                         testing::Values(DType::kFloat16, DType::kBFloat16),
                         [](const testing::TestParamInfo<DType>& info) {
                           return info.param == DType::kFloat16 ? "Float16"
                                                                : "BFloat16";
                         });

TEST(Reduce, TakesTheGreaterAndTheSmallerOfNegativeNumbers) {
  const double from[] = {-1, 2, -3};
  double into[] = {-2, 1, -3};
  Reduce(from, into, 3, DType::kFloat64, ReduceOp::kMax);
  EXPECT_EQ(into[0], -1);
  EXPECT_EQ(into[1], 2);
  Reduce(from, into, 3, DType::kFloat64, ReduceOp::kMin);
  EXPECT_EQ(into[2], -3);
  // -1 and -2: signed bits compare the other way round.
  uint16_t a = 0xBC00, b = 0xC000;
  Reduce(&a, &b, 1, DType::kFloat16, ReduceOp::kMax);
  EXPECT_EQ(b, 0xBC00);
}

}  // namespace
}  // namespace reprise
