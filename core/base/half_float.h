// One 16-bit float, as its bits, from fp32 and back: IEEE binary16 (fp16) and
// bfloat16. Inline, so that loops over them become vectors; whole rows at the
// speed of memory: core/comm/half_floats.h.
//
// To 16 bits: rounds to nearest, ties to even; a magnitude beyond the type's
// range becomes infinity; NaN becomes the quiet NaN 0x7E00 or 0x7FC0 (fp16
// keeps its sign). To fp32: exact; NaN stays NaN.
#ifndef REPRISE_CORE_BASE_HALF_FLOAT_H_
#define REPRISE_CORE_BASE_HALF_FLOAT_H_

#include <cstdint>
#include <cstring>

namespace reprise {
namespace half_float_internal {

inline uint32_t BitsOf(float value) {
  uint32_t bits;
  std::memcpy(&bits, &value, sizeof(bits));
  return bits;
}

inline float FloatOf(uint32_t bits) {
  float value;
  std::memcpy(&value, &bits, sizeof(value));
  return value;
}

}  // namespace half_float_internal

inline float FromBFloat16(uint16_t half) {
  return half_float_internal::FloatOf(static_cast<uint32_t>(half) << 16);
}

inline uint16_t ToBFloat16(float value) {
  const uint32_t bits = half_float_internal::BitsOf(value);
  const uint32_t rounded = (bits + 0x7FFF + ((bits >> 16) & 1)) >> 16;
  return static_cast<uint16_t>((bits & 0x7FFFFFFF) > 0x7F800000 ? 0x7FC0
                                                                : rounded);
}

inline float FromFloat16(uint16_t half) {
  using half_float_internal::FloatOf;
  const uint32_t sign = static_cast<uint32_t>(half & 0x8000) << 16;
  const int exponent = (half >> 10) & 0x1F;
  const uint32_t mantissa = half & 0x3FF;
  if (exponent == 0x1F) return FloatOf(sign | 0x7F800000 | (mantissa << 13));
  if (exponent != 0) {
    return FloatOf(sign | static_cast<uint32_t>(exponent + 112) << 23 |
                   (mantissa << 13));
  }
  const float magnitude = mantissa * (1.0f / (1 << 24));
  return sign != 0 ? -magnitude : magnitude;
}

inline uint16_t ToFloat16(float value) {
  using half_float_internal::BitsOf;
  using half_float_internal::FloatOf;
  uint32_t bits = BitsOf(value);
  const uint16_t sign = static_cast<uint16_t>((bits >> 16) & 0x8000);
  bits &= 0x7FFFFFFF;
  if (bits > 0x7F800000) return sign | 0x7E00;   // NaN
  if (bits >= 0x477FF000) return sign | 0x7C00;  // rounds to infinity
  if (bits >= 0x38800000) {                      // normal
    const uint32_t rounded = bits + 0xFFF + ((bits >> 13) & 1);
    return sign | static_cast<uint16_t>((rounded - 0x38000000) >> 13);
  }
  // Subnormal: adding 0.5 aligns the mantissa and rounds to nearest even.
  return sign |
         static_cast<uint16_t>(BitsOf(FloatOf(bits) + 0.5f) - 0x3F000000);
}

}  // namespace reprise

#endif  // REPRISE_CORE_BASE_HALF_FLOAT_H_
