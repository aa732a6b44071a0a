// Elementwise reduction of two buffers on the host, for every dtype.
#ifndef REPRISE_CORE_COMM_REDUCE_H_
#define REPRISE_CORE_COMM_REDUCE_H_

#include <cstdint>

#include "core/base/dtype.h"
#include "core/comm/collective.h"

namespace reprise {

// into[i] = op(into[i], from[i]) for `count` elements. 16-bit floats are added
// in fp32 and rounded to nearest even after each addition.
void Reduce(const void* from, void* into, int64_t count, DType dtype,
            ReduceOp op);

}  // namespace reprise

#endif  // REPRISE_CORE_COMM_REDUCE_H_
