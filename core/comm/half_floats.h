// 16-bit floats (IEEE binary16 and bfloat16) from fp32 and back, rounding to
// nearest, ties to even.
#ifndef REPRISE_CORE_COMM_HALF_FLOATS_H_
#define REPRISE_CORE_COMM_HALF_FLOATS_H_

#include <cstdint>

#include "core/base/dtype.h"

namespace reprise {

// `dtype` is kFloat16 or kBFloat16 everywhere. Beyond its range is infinity;
// NaN stays NaN. About as fast as memory (AVX2 and F16C where the processor
// has them, with the same results but for the bits of a NaN).

// halves[i] = values[i] * factor, the product rounded to fp32 first.
void Narrow(const float* values, int64_t count, float factor, DType dtype,
            uint16_t* halves);

// values[i] = halves[i] * factor.
void Widen(const uint16_t* halves, int64_t count, float factor, DType dtype,
           float* values);

bool AllFinite(const float* values, int64_t count);
bool AllFinite(const double* values, int64_t count);

}  // namespace reprise

#endif  // REPRISE_CORE_COMM_HALF_FLOATS_H_
