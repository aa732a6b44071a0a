#include "core/tensor/gather_scale.h"

#include <cmath>
#include <cstdint>
#include <cstring>
#include <limits>
#include <vector>

#include "core/base/dtype.h"
#include "core/base/philox.h"
#include "gtest/gtest.h"

namespace reprise {
namespace {

const std::byte* RowAt(const std::vector<float>& values, int64_t first) {
  return reinterpret_cast<const std::byte*>(values.data() + first);
}

std::vector<float> RandomValues(int64_t n, uint32_t which) {
  PhiloxStream stream({1, Purpose::kTest, 0, 0, which});
  std::vector<float> values(n);
  for (float& value : values) {
    // Any size between 2^-40 and 2^40.
    value = std::ldexp(2 * stream.NextUniform() - 1,
                       static_cast<int>(stream.NextBelow(81)) - 40);
  }
  return values;
}

// The nearest of all bf16 values, of two equally near ones the even one.
uint16_t NearestBFloat16(float value) {
  const auto wide = [](uint32_t bits) {
    bits <<= 16;
    float result;
    std::memcpy(&result, &bits, sizeof(result));
    return double{result};
  };
  uint32_t bits;
  std::memcpy(&bits, &value, sizeof(bits));
  const uint32_t toward_zero = bits >> 16, away = toward_zero + 1;
  const double below = std::abs(value - wide(toward_zero));
  const double above = std::abs(wide(away) - value);
  if (below != above) {
    return static_cast<uint16_t>(below < above ? toward_zero : away);
  }
  return static_cast<uint16_t>(toward_zero % 2 == 0 ? toward_zero : away);
}

TEST(GatherScale, EqualsTheFormulaForEveryLengthTypeAndAlignment) {
  // Around the widths of vectors, and NT3's.
  for (const int64_t elements : {1, 2, 7, 8, 15, 16, 17, 31, 33, 64, 60483}) {
    const std::vector<float> scale = RandomValues(elements, 1);
    const std::vector<float> stored = RandomValues(3 * elements + 1, 2);
    // In any order, repeated, and not aligned to more than a float.
    const std::vector<int64_t> firsts = {2 * elements + 1, 0, 1, 0};
    std::vector<const std::byte*> rows;
    for (const int64_t first : firsts) rows.push_back(RowAt(stored, first));
    std::vector<float> floats(4 * elements);
    std::vector<double> doubles(4 * elements);
    std::vector<uint16_t> halves(4 * elements);
    GatherScale(rows, scale, DType::kFloat32, floats.data());
    GatherScale(rows, scale, DType::kFloat64, doubles.data());
    GatherScale(rows, scale, DType::kBFloat16, halves.data());
    for (int64_t i = 0; i < 4; ++i) {
      for (int64_t e = 0; e < elements; ++e) {
        const float x = stored[firsts[i] + e];
        ASSERT_EQ(doubles[i * elements + e], double{x} * double{scale[e]});
        ASSERT_EQ(floats[i * elements + e], x * scale[e]);
        ASSERT_EQ(halves[i * elements + e], NearestBFloat16(x * scale[e]));
      }
    }
  }
}

TEST(GatherScale, BFloat16TiesGoToEvenAndLargeValuesToInfinity) {
  // 1 + 2^-8 lies between 1 and 1 + 2^-7, 1 + 3 * 2^-8 between the next two.
  const std::vector<float> row = {
      1 + 1.0f / 256, 1 + 3.0f / 256, -1 - 1.0f / 256,
      0.0f,           -0.0f,          std::numeric_limits<float>::max()};
  std::vector<uint16_t> halves(row.size());
  GatherScale({RowAt(row, 0)}, std::vector<float>(row.size(), 1.0f),
              DType::kBFloat16, halves.data());
  EXPECT_EQ(halves,
            (std::vector<uint16_t>{0x3F80, 0x3F82, 0xBF80, 0, 0x8000, 0x7F80}));
}

TEST(GatherScale, NoRowsWriteNothing) {
  GatherScale({}, {1.0f}, DType::kFloat32, nullptr);
}

}  // namespace
}  // namespace reprise
