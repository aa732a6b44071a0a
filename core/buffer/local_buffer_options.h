// What a rehearsal buffer of one rank is made with, whichever policy decides
// what it keeps (local_buffer.h, reservoir_buffer.h).
#ifndef REPRISE_CORE_BUFFER_LOCAL_BUFFER_OPTIONS_H_
#define REPRISE_CORE_BUFFER_LOCAL_BUFFER_OPTIONS_H_

#include <cstdint>

#include "absl/status/status.h"
#include "core/base/philox.h"
#include "core/base/sample.h"

namespace reprise {

struct LocalBufferOptions {
  int64_t num_classes = 0;
  int64_t capacity_per_class = 6000;  // N, of this rank; 0 keeps nothing
  int64_t row_bytes = 0;
  uint64_t seed = 42;
  int rank = 0;

  // UsageError that names every problem.
  absl::Status Validate() const;

  // (seed, purpose, task, step, position = rank).
  StreamKey Key(Purpose purpose, int64_t task, int64_t step) const;

  // Aborts where the sample's label is none of the classes.
  void CheckLabel(const Sample& sample) const;
};

}  // namespace reprise

#endif  // REPRISE_CORE_BUFFER_LOCAL_BUFFER_OPTIONS_H_
