#include "core/comm/half_floats.h"

#include <algorithm>
#include <cmath>
#include <cstring>

#include "core/base/check.h"
#include "core/base/processor.h"

#ifdef __x86_64__
#include <immintrin.h>
#define REPRISE_HALF_FLOATS_AVX2 1
#else
#define REPRISE_HALF_FLOATS_AVX2 0
#endif

namespace reprise {
namespace {

uint32_t BitsOf(float value) {
  uint32_t bits;
  std::memcpy(&bits, &value, sizeof(bits));
  return bits;
}

float FloatOf(uint32_t bits) {
  float value;
  std::memcpy(&value, &bits, sizeof(value));
  return value;
}

float FromBFloat16(uint16_t half) {
  return FloatOf(static_cast<uint32_t>(half) << 16);
}

uint16_t ToBFloat16(float value) {
  const uint32_t bits = BitsOf(value);
  const uint32_t rounded = (bits + 0x7FFF + ((bits >> 16) & 1)) >> 16;
  return static_cast<uint16_t>((bits & 0x7FFFFFFF) > 0x7F800000 ? 0x7FC0
                                                                : rounded);
}

float FromFloat16(uint16_t half) {
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

uint16_t ToFloat16(float value) {
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

void NarrowToFloat16(const float* values, int64_t count, float factor,
                     uint16_t* halves) {
  for (int64_t i = 0; i < count; ++i) halves[i] = ToFloat16(values[i] * factor);
}

void WidenFloat16(const uint16_t* halves, int64_t count, float factor,
                  float* values) {
  for (int64_t i = 0; i < count; ++i) {
    values[i] = FromFloat16(halves[i]) * factor;
  }
}

// The compiler makes vectors of these, as wide as the function allows that they
// are part of.
__attribute__((always_inline)) inline void NarrowToBFloat16Loop(
    const float* __restrict values, int64_t count, float factor,
    uint16_t* __restrict halves) {
  for (int64_t i = 0; i < count; ++i) {
    halves[i] = ToBFloat16(values[i] * factor);
  }
}

__attribute__((always_inline)) inline void WidenBFloat16Loop(
    const uint16_t* __restrict halves, int64_t count, float factor,
    float* __restrict values) {
  for (int64_t i = 0; i < count; ++i) {
    values[i] = FromBFloat16(halves[i]) * factor;
  }
}

__attribute__((always_inline)) inline bool AllFiniteLoop(const float* values,
                                                         int64_t count) {
  uint32_t largest = 0;
  for (int64_t i = 0; i < count; ++i) {
    const uint32_t magnitude = BitsOf(values[i]) & 0x7FFFFFFF;
    largest = magnitude > largest ? magnitude : largest;
  }
  return largest < 0x7F800000;
}

void NarrowToBFloat16(const float* values, int64_t count, float factor,
                      uint16_t* halves) {
  NarrowToBFloat16Loop(values, count, factor, halves);
}

void WidenBFloat16(const uint16_t* halves, int64_t count, float factor,
                   float* values) {
  WidenBFloat16Loop(halves, count, factor, values);
}

bool AllFinitePlain(const float* values, int64_t count) {
  return AllFiniteLoop(values, count);
}

#if REPRISE_HALF_FLOATS_AVX2
__attribute__((target("avx2,f16c"))) void NarrowToFloat16F16c(
    const float* values, int64_t count, float factor, uint16_t* halves) {
  const __m256 factors = _mm256_set1_ps(factor);
  int64_t i = 0;
  for (; i + 8 <= count; i += 8) {
    const __m256 wide = _mm256_mul_ps(_mm256_loadu_ps(values + i), factors);
    _mm_storeu_si128(reinterpret_cast<__m128i*>(halves + i),
                     _mm256_cvtps_ph(wide, _MM_FROUND_TO_NEAREST_INT));
  }
  NarrowToFloat16(values + i, count - i, factor, halves + i);
}

__attribute__((target("avx2,f16c"))) void WidenFloat16F16c(
    const uint16_t* halves, int64_t count, float factor, float* values) {
  const __m256 factors = _mm256_set1_ps(factor);
  int64_t i = 0;
  for (; i + 8 <= count; i += 8) {
    const __m128i narrow =
        _mm_loadu_si128(reinterpret_cast<const __m128i*>(halves + i));
    _mm256_storeu_ps(values + i,
                     _mm256_mul_ps(_mm256_cvtph_ps(narrow), factors));
  }
  WidenFloat16(halves + i, count - i, factor, values + i);
}

__attribute__((target("avx2"))) void NarrowToBFloat16Avx2(const float* values,
                                                          int64_t count,
                                                          float factor,
                                                          uint16_t* halves) {
  NarrowToBFloat16Loop(values, count, factor, halves);
}

__attribute__((target("avx2"))) void WidenBFloat16Avx2(const uint16_t* halves,
                                                       int64_t count,
                                                       float factor,
                                                       float* values) {
  WidenBFloat16Loop(halves, count, factor, values);
}

__attribute__((target("avx2"))) bool AllFiniteAvx2(const float* values,
                                                   int64_t count) {
  return AllFiniteLoop(values, count);
}
#endif

struct Functions {
  decltype(&NarrowToFloat16) narrow_float16 = NarrowToFloat16;
  decltype(&WidenFloat16) widen_float16 = WidenFloat16;
  decltype(&NarrowToBFloat16) narrow_bfloat16 = NarrowToBFloat16;
  decltype(&WidenBFloat16) widen_bfloat16 = WidenBFloat16;
  decltype(&AllFinitePlain) all_finite = AllFinitePlain;
};

const Functions& Chosen() {
  static const Functions chosen = [] {
    Functions functions;
#if REPRISE_HALF_FLOATS_AVX2
    if (ThisProcessor() >= ProcessorFamily::kAvx2) {
      functions.narrow_bfloat16 = NarrowToBFloat16Avx2;
      functions.widen_bfloat16 = WidenBFloat16Avx2;
      functions.all_finite = AllFiniteAvx2;
      functions.narrow_float16 = NarrowToFloat16F16c;
      functions.widen_float16 = WidenFloat16F16c;
    }
#endif
    return functions;
  }();
  return chosen;
}

}  // namespace

void Narrow(const float* values, int64_t count, float factor, DType dtype,
            uint16_t* halves) {
  REPRISE_CHECK(dtype == DType::kFloat16 || dtype == DType::kBFloat16);
  (dtype == DType::kFloat16
       ? Chosen().narrow_float16
       : Chosen().narrow_bfloat16)(values, count, factor, halves);
}

void Widen(const uint16_t* halves, int64_t count, float factor, DType dtype,
           float* values) {
  REPRISE_CHECK(dtype == DType::kFloat16 || dtype == DType::kBFloat16);
  (dtype == DType::kFloat16 ? Chosen().widen_float16 : Chosen().widen_bfloat16)(
      halves, count, factor, values);
}

bool AllFinite(const float* values, int64_t count) {
  return Chosen().all_finite(values, count);
}

bool AllFinite(const double* values, int64_t count) {
  return std::all_of(values, values + count,
                     [](double value) { return std::isfinite(value); });
}

}  // namespace reprise
