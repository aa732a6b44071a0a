#include "core/comm/half_floats.h"

#include <algorithm>
#include <cmath>
#include <cstring>

#include "core/base/check.h"
#include "core/base/dtype.h"
#include "core/base/half_float.h"
#include "core/base/processor.h"

#ifdef __x86_64__
#include <immintrin.h>
#define REPRISE_HALF_FLOATS_AVX2 1
#else
#define REPRISE_HALF_FLOATS_AVX2 0
#endif

namespace reprise {
namespace {

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
    uint32_t bits;
    std::memcpy(&bits, &values[i], sizeof(bits));
    const uint32_t magnitude = bits & 0x7FFFFFFF;
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
