// What a rank gives to the rehearsal buffer in a step, and what it is given.
#ifndef REPRISE_CORE_BUFFER_REHEARSAL_STEP_H_
#define REPRISE_CORE_BUFFER_REHEARSAL_STEP_H_

#include <cstdint>
#include <vector>

#include "core/base/sample.h"

namespace reprise {

// Steps count within the task, over its epochs; a pair (task, step) is used
// once.
struct RehearsalStep {
  int64_t task = 0, step = 0;
  // Samples that come in in this step: this rank's slice of them
  // (core/base/slices.h), and how many over all ranks of the job (not used
  // where the buffer is not shared).
  std::vector<Sample> incoming;
  int64_t incoming_of_all = 0;
};

struct Representatives {
  // Their rows stay valid until the next BeginStep; in device memory where the
  // buffer is.
  std::vector<Sample> samples;
  // [samples] number of each among the draws of all ranks of the job.
  std::vector<int64_t> draws;
  // [num_classes] each: the state that they were drawn from, over all ranks
  // (buffer_stats.h).
  std::vector<int64_t> class_count, stored;
};

}  // namespace reprise

#endif  // REPRISE_CORE_BUFFER_REHEARSAL_STEP_H_
