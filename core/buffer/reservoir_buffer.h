// For tests: the naive reference of RehearsalBuffer as a reservoir, in one
// process.
//
// The rehearsal buffer of one rank as a reservoir: at any time a uniform random
// subset of all candidates ever offered, whatever their classes (Algorithm R,
// Vitter, "Random Sampling with a Reservoir", ACM TOMS 11, 1985). A class that
// was met often has many representatives. No communication.
//
// capacity = num_classes * capacity_per_class, in all.
// Insert: below capacity the row is appended; the i-th candidate ever offered
// (from 1), i > capacity, takes j = NextBelow(i) of the stream (seed,
// kReservoir, task, step, position = rank) and replaces slot j where
// j < capacity: one number per candidate from capacity + 1 on, in order.
// Sample: SampleWithoutReplacement of the stream (seed, kRepresentativeDraw,
// task, step, position = rank) over the slots.
#ifndef REPRISE_CORE_BUFFER_RESERVOIR_BUFFER_H_
#define REPRISE_CORE_BUFFER_RESERVOIR_BUFFER_H_

#include <cstdint>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "core/base/sample.h"
#include "core/buffer/buffer_state.h"
#include "core/buffer/local_buffer_options.h"
#include "core/buffer/row_slab.h"

namespace reprise {

// O(1) a candidate, O(R) a draw, O(stored) a State.
class ReservoirBuffer {
 public:
  // `options` must be valid.
  explicit ReservoirBuffer(const LocalBufferOptions& options);

  absl::Status Insert(const std::vector<reprise::Sample>& candidates,
                      int64_t task, int64_t step);
  absl::StatusOr<std::vector<reprise::Sample>> Sample(int64_t count,
                                                      int64_t task,
                                                      int64_t step);
  BufferState State() const;

 private:
  const LocalBufferOptions options_;
  RowSlab slab_;
  std::vector<int64_t> class_count_;  // [num_classes]
  int64_t offered_ = 0;               // their sum
};

}  // namespace reprise

#endif  // REPRISE_CORE_BUFFER_RESERVOIR_BUFFER_H_
