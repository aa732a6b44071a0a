#include "data/candle/decimal.h"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <limits>
#include <string>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/string_view.h"
#include "core/base/philox.h"
#include "gtest/gtest.h"

namespace reprise {
namespace {

uint32_t BitsOf(float value) {
  uint32_t bits;
  std::memcpy(&bits, &value, sizeof(bits));
  return bits;
}

// glibc's strtof rounds correctly.
void ExpectAsStrtof(const std::string& text) {
  float value = -1;
  const float expected = std::strtof(text.c_str(), nullptr);
  const DecimalResult result = ParseDecimal(text, &value);
  if (std::isinf(expected)) {
    ASSERT_EQ(result, DecimalResult::kOutOfRange) << text;
    return;
  }
  ASSERT_EQ(result, DecimalResult::kOk) << text;
  ASSERT_EQ(BitsOf(value), BitsOf(expected)) << text;
}

TEST(ParseDecimal, ReadsEveryFormOfANumber) {
  for (const char* text :
       {"0",
        "-0",
        "+0.0",
        "-0.0",
        "7",
        "-7.",
        ".5",
        "+.5",
        "00012.500",
        "1e0",
        "1E+5",
        "-2.5e-3",
        "1.e2",
        ".1e1",
        "16777217",
        "3.4028235e38",
        "3.4028235677973366e38",
        "3.4028236e38",
        "1e-45",
        "7e-46",
        "7.1e-46",
        "1.1754944e-38",
        "1.1754942e-38",
        "0e999999999999",
        "1e-999999999999",
        "0.000000000000000000000000000000000000000000001401298464324817",
        "18446744073709551615",
        "18446744073709551616",
        "12345678901234567890123456789012345678",
        "0.1000000014901161193847656250000000000000000000000000000001"}) {
    ExpectAsStrtof(text);
  }
}

TEST(ParseDecimal, RefusesWhatIsNotANumberOfThisForm) {
  float value;
  EXPECT_EQ(ParseDecimal("", &value), DecimalResult::kEmpty);
  for (const char* text :
       {"nan", "NaN",  "inf",   "-inf",  "infinity", "NA",  "x",
        "1x",  "1 ",   " 1",    "-",     "+",        ".",   "-.",
        "e5",  "1e",   "1e+",   "1e5.0", "1.2.3",    "--1", "+-1",
        "1,5", "0x10", "1_000", "\"1\"", "1\r",      "1f"}) {
    EXPECT_EQ(ParseDecimal(text, &value), DecimalResult::kNotANumber) << text;
  }
  EXPECT_EQ(ParseDecimal(absl::string_view("1\0", 2), &value),
            DecimalResult::kNotANumber);
}

TEST(ParseDecimal, RefusesNumbersThatRoundToInfinity) {
  for (const char* text : {"3.4028235677973367e38", "1e39", "-1e400",
                           "1e999999999999", "-9999999999999999e30"}) {
    float value;
    EXPECT_EQ(ParseDecimal(text, &value), DecimalResult::kOutOfRange) << text;
  }
}

TEST(ParseDecimal, ReadsOnlyItsText) {
  float value;
  ASSERT_EQ(ParseDecimal(absl::string_view("12345", 2), &value),
            DecimalResult::kOk);
  EXPECT_EQ(value, 12);
}

TEST(ParseDecimal, RoundsMillionsOfRandomNumbersAsStrtof) {
  PhiloxStream stream({1, Purpose::kTest, 0, 0, 0});
  for (int i = 0; i < 1000000; ++i) {
    // Of 1 to 19 digits, with the point anywhere in or around them.
    std::string text = absl::StrCat(stream.NextWord64());
    text.resize(std::min<size_t>(text.size(), 1 + stream.NextBelow(19)));
    if (stream.NextBelow(8) != 0) {
      text.insert(stream.NextBelow(text.size() + 1), ".");
    }
    if (text == ".") continue;
    ExpectAsStrtof(text);
    if (i % 4 == 0) {
      ExpectAsStrtof(absl::StrCat(
          text, "e", static_cast<int>(stream.NextBelow(100)) - 60));
    }
  }
}

// Where rounding twice would go wrong: halfway between two float32 values, and
// next to it.
TEST(ParseDecimal, RoundsTheNeighbourhoodOfTiesAsStrtof) {
  PhiloxStream stream({1, Purpose::kTest, 0, 0, 1});
  for (int i = 0; i < 100000; ++i) {
    const uint32_t bits =
        static_cast<uint32_t>((90 + stream.NextBelow(80)) << 23) |
        (stream.NextWord() >> 9);
    float low;
    std::memcpy(&low, &bits, sizeof(low));
    const double middle =
        (double{low} + std::nextafter(low, 1e38f)) / 2;  // exact
    std::string text = absl::StrFormat("%.100f", middle);
    ExpectAsStrtof(text);
    text.back() = '1';
    ExpectAsStrtof(text);
    // 17 digits: on one side of the tie or the other.
    ExpectAsStrtof(absl::StrFormat("%.17g", middle));
    ExpectAsStrtof(absl::StrFormat("%.16g", middle));
    ExpectAsStrtof(absl::StrFormat("%.19g", middle));
  }
}

}  // namespace
}  // namespace reprise
