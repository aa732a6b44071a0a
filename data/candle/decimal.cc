#include "data/candle/decimal.h"

#include <limits>
#include <system_error>

#include "absl/strings/charconv.h"

namespace reprise {
namespace {

// Numbers of up to half as many characters are zero or infinite with it.
constexpr int64_t kLargestExponent = 1000000;

bool IsDigit(char c) { return c >= '0' && c <= '9'; }

// Any number, at the price of a general algorithm.
DecimalResult ParseExactly(absl::string_view unsigned_text, bool negative,
                           float* value) {
  float parsed = 0;
  const absl::from_chars_result result =
      absl::from_chars(unsigned_text.data(),
                       unsigned_text.data() + unsigned_text.size(), parsed);
  // Out of range is told for numbers that round to zero, too.
  if (result.ec == std::errc::result_out_of_range && parsed > 1) {
    return DecimalResult::kOutOfRange;
  }
  *value = negative ? -parsed : parsed;
  return DecimalResult::kOk;
}

}  // namespace

DecimalResult ParseDecimal(absl::string_view text, float* value) {
  if (text.empty()) return DecimalResult::kEmpty;
  const char* next = text.data();
  const char* const end = next + text.size();
  const bool negative = *next == '-';
  if (negative || *next == '+') ++next;
  const char* const magnitude = next;

  // The first 19 digits that count always fit; with more, `digits` is unused.
  constexpr int kMostDigits = 19;
  uint64_t digits = 0;
  int significant = 0;
  int64_t exponent = 0;
  const char* const whole = next;
  for (; next < end && IsDigit(*next); ++next) {
    digits = digits * 10 + static_cast<uint64_t>(*next - '0');
    significant += digits != 0;
  }
  int64_t count = next - whole;
  if (next < end && *next == '.') {
    ++next;
    const char* const fraction = next;
    for (; next < end && IsDigit(*next); ++next) {
      digits = digits * 10 + static_cast<uint64_t>(*next - '0');
      significant += digits != 0;
    }
    count += next - fraction;
    exponent = fraction - next;
  }
  if (count == 0) return DecimalResult::kNotANumber;
  if (next < end && (*next == 'e' || *next == 'E')) {
    ++next;
    const bool negative_exponent = next < end && *next == '-';
    if (next < end && (*next == '-' || *next == '+')) ++next;
    const char* const first = next;
    int64_t power = 0;
    for (; next < end && IsDigit(*next); ++next) {
      if (power < kLargestExponent) power = power * 10 + (*next - '0');
    }
    if (next == first) return DecimalResult::kNotANumber;
    exponent += negative_exponent ? -power : power;
  }
  if (next != end) return DecimalResult::kNotANumber;

  // A general algorithm has its own limit to the exponents that it reads.
  if (significant > 0 && exponent >= kLargestExponent / 2) {
    return DecimalResult::kOutOfRange;
  }
  if (significant == 0 || exponent <= -kLargestExponent / 2) {
    *value = negative ? -0.0f : 0.0f;
    return DecimalResult::kOk;
  }
  if (significant <= kMostDigits) {
    constexpr int64_t kLargestPower =
        static_cast<int64_t>(decimal_internal::kPowersOfTen.size()) - 1;
    if (exponent >= -kLargestPower && exponent <= kLargestPower) {
      // Both roundings, of digits to double and of the scaling, are correct to
      // half a unit in the last place.
      const double whole_number = static_cast<double>(digits);
      const double scaled =
          exponent < 0
              ? whole_number / decimal_internal::kPowersOfTen[-exponent]
              : whole_number * decimal_internal::kPowersOfTen[exponent];
      if (scaled >= std::numeric_limits<float>::min() && scaled < 1e38 &&
          decimal_internal::RoundsTheSame(scaled)) {
        const float rounded = static_cast<float>(scaled);
        *value = negative ? -rounded : rounded;
        return DecimalResult::kOk;
      }
    }
  }
  return ParseExactly(
      absl::string_view(magnitude, static_cast<size_t>(end - magnitude)),
      negative, value);
}

}  // namespace reprise
