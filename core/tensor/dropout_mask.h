// Dropout masks as a pure function of the sample's place in the run, so that
// they do not change with the number of ranks.
#ifndef REPRISE_CORE_TENSOR_DROPOUT_MASK_H_
#define REPRISE_CORE_TENSOR_DROPOUT_MASK_H_

#include <cstdint>
#include <vector>

#include "core/base/dtype.h"

namespace reprise {

// Which step of the run the masks are for.
struct DropoutKey {
  uint64_t seed = 0;
  uint32_t task = 0;
  uint32_t step = 0;  // within the task, over its epochs
};

// mask[i, e] = 0 where u < probability, else 1 / (1 - probability), with u the
// e-th NextUniform() of the stream (seed, kDropout, task, step, positions[i]).
// `mask` holds [n, elements]. probability in [0, 1).
void FillDropoutMask(const DropoutKey& key,
                     const std::vector<int64_t>& positions, int64_t elements,
                     double probability, DType dtype, void* mask);

}  // namespace reprise

#endif  // REPRISE_CORE_TENSOR_DROPOUT_MASK_H_
