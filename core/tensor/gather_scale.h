// Network input from stored fp32 rows: gathers rows by pointer, scales and
// converts in one pass, straight into the batch. The counterpart of
// gather_normalize for data whose elements have a scale each.
#ifndef REPRISE_CORE_TENSOR_GATHER_SCALE_H_
#define REPRISE_CORE_TENSOR_GATHER_SCALE_H_

#include <cstddef>
#include <cstdint>
#include <vector>

#include "core/base/dtype.h"

namespace reprise {

// out[i, e] = rows[i][e] * scale[e]; rows hold E fp32 values each, at any
// address that is a multiple of 4 bytes; scale [E]; out [n, E] of `dtype`.
// The product is rounded once to fp32, and from there to bf16 (to nearest, ties
// to even); in fp64 it is exact. Products must not be NaN in bf16. Thread-safe.
void GatherScale(const std::vector<const std::byte*>& rows,
                 const std::vector<float>& scale, DType dtype, void* out);

}  // namespace reprise

#endif  // REPRISE_CORE_TENSOR_GATHER_SCALE_H_
