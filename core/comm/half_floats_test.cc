// What one element gives is in reduce_test; here: many at a time give the same.
#include "core/comm/half_floats.h"

#include <cmath>
#include <cstdint>
#include <cstring>
#include <numeric>
#include <random>
#include <vector>

#include "core/base/dtype.h"
#include "gtest/gtest.h"

namespace reprise {
namespace {

constexpr DType kTypes[] = {DType::kFloat16, DType::kBFloat16};

bool SameValue(float a, float b) {
  return std::isnan(a) ? std::isnan(b) : std::memcmp(&a, &b, sizeof(a)) == 0;
}

TEST(HalfFloats, WidenInRowsAsOneByOne) {
  std::vector<uint16_t> halves(65536);
  std::iota(halves.begin(), halves.end(), 0);
  for (const DType dtype : kTypes) {
    for (const float factor : {1.0f, 3.0f, 1.0f / 1024}) {
      std::vector<float> row(halves.size());
      Widen(halves.data(), row.size(), factor, dtype, row.data());
      for (size_t i = 0; i < row.size(); ++i) {
        float one = 0;
        Widen(&halves[i], 1, factor, dtype, &one);
        ASSERT_TRUE(SameValue(row[i], one)) << i;
      }
    }
  }
}

TEST(HalfFloats, NarrowInRowsAsOneByOne) {
  std::mt19937 bits(5);
  std::vector<float> values(500001);
  for (float& value : values) {
    // Any exponent half of the time, else near those of fp16.
    uint32_t random = static_cast<uint32_t>(bits());
    if (bits() % 2 == 0) {
      random = (random & 0x807FFFFF) | static_cast<uint32_t>(100 + bits() % 45)
                                           << 23;
    }
    // Ties.
    if (bits() % 4 == 0) random &= 0xFFFFF000;
    std::memcpy(&value, &random, sizeof(value));
  }
  for (const DType dtype : kTypes) {
    for (const float factor : {1.0f, 1.0f / 3, 1024.0f}) {
      std::vector<uint16_t> row(values.size());
      Narrow(values.data(), row.size(), factor, dtype, row.data());
      for (size_t i = 0; i < row.size(); ++i) {
        uint16_t one = 0;
        Narrow(&values[i], 1, factor, dtype, &one);
        float wide_row = 0, wide_one = 0;
        Widen(&row[i], 1, 1, dtype, &wide_row);
        Widen(&one, 1, 1, dtype, &wide_one);
        ASSERT_TRUE(SameValue(wide_row, wide_one)) << values[i];
      }
    }
  }
}

template <typename T>
void CheckAllFinite(T large) {
  for (size_t n : {0, 1, 7, 8, 9, 100}) {
    std::vector<T> values(n, large);
    EXPECT_TRUE(AllFinite(values.data(), n));
    for (size_t i = 0; i < n; ++i) {
      for (const float bad : {INFINITY, -INFINITY, std::nanf("")}) {
        values[i] = bad;
        EXPECT_FALSE(AllFinite(values.data(), n)) << i << " of " << n;
      }
      values[i] = 1;
    }
  }
}

TEST(HalfFloats, FindWhatIsNotFinite) {
  CheckAllFinite(-3e38f);
  CheckAllFinite(-1e308);
}

}  // namespace
}  // namespace reprise
