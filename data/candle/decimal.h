// Decimal text to the nearest float32, one number at a time: the reference that
// the vector kernels of nt3_csv are tested against, and what they call for the
// fields that they leave alone.
#ifndef REPRISE_DATA_CANDLE_DECIMAL_H_
#define REPRISE_DATA_CANDLE_DECIMAL_H_

#include <array>
#include <cstdint>
#include <cstring>

#include "absl/strings/string_view.h"

namespace reprise {

enum class DecimalResult {
  kOk,
  kEmpty,
  kNotANumber,  // NaN, inf, text, or more than the number
  kOutOfRange,  // rounds to an infinite float32
};

// Reads all of `text` as [+-]digits[.digits][(e|E)[+-]digits], where one of the
// two groups of digits may be empty; nothing else, no space and no sign of
// grouping. `value` becomes the float32 nearest to the number, ties to even, so
// that numbers below half of the least subnormal become zero. For texts of up
// to 500,000 characters.
DecimalResult ParseDecimal(absl::string_view text, float* value);

namespace decimal_internal {

// The powers of ten that double holds exactly.
inline constexpr std::array<double, 23> kPowersOfTen = {
    1e0,  1e1,  1e2,  1e3,  1e4,  1e5,  1e6,  1e7,  1e8,  1e9,  1e10, 1e11,
    1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22};

// Whether rounding `scaled` to float32 gives what rounding the exact value
// would, for a `scaled` in float32's normal range that is off by at most 3
// units in its last place: rounding is monotonic, so the two can only differ if
// a midpoint between float32 values lies within that distance. Exact ties are
// among the values it says no to.
inline bool RoundsTheSame(double scaled) {
  uint64_t bits;
  std::memcpy(&bits, &scaled, sizeof(bits));
  constexpr uint64_t kDroppedBits = (uint64_t{1} << 29) - 1;
  constexpr uint64_t kMidpoint = uint64_t{1} << 28;
  constexpr uint64_t kMargin = 4;
  return (bits & kDroppedBits) - (kMidpoint - kMargin) > 2 * kMargin;
}

}  // namespace decimal_internal
}  // namespace reprise

#endif  // REPRISE_DATA_CANDLE_DECIMAL_H_
