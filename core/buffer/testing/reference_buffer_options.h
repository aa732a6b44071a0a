// What the tests' naive buffers of one process are made with.
#ifndef REPRISE_CORE_BUFFER_TESTING_REFERENCE_BUFFER_OPTIONS_H_
#define REPRISE_CORE_BUFFER_TESTING_REFERENCE_BUFFER_OPTIONS_H_

#include <cstdint>

#include "core/base/philox.h"

namespace reprise {

struct ReferenceBufferOptions {
  int64_t num_classes = 0;
  int64_t capacity_per_class = 0;  // N; 0 keeps nothing
  int64_t row_bytes = 0;
  uint64_t seed = 42;
  int rank = 0;

  // (seed, purpose, task, step, position = rank).
  StreamKey Key(Purpose purpose, int64_t task, int64_t step) const {
    return {seed, purpose, static_cast<uint32_t>(task),
            static_cast<uint32_t>(step), static_cast<uint32_t>(rank)};
  }
};

}  // namespace reprise

#endif  // REPRISE_CORE_BUFFER_TESTING_REFERENCE_BUFFER_OPTIONS_H_
