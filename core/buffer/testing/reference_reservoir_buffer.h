// The reservoir read naively from its rules, in one process: what tests compare
// RehearsalBuffer with.
//
// At any time a uniform random subset of all candidates ever offered, whatever
// their classes (Algorithm R, Vitter, "Random Sampling with a Reservoir", ACM
// TOMS 11, 1985). A class that was met often has many representatives.
//
// capacity = num_classes * capacity_per_class, in all.
// Insert: below capacity the row is appended; the i-th candidate ever offered
// (from 1), i > capacity, takes j = NextBelow(i) of the stream (seed,
// kReservoir, task, step, position = rank) and replaces slot j where
// j < capacity: one number per candidate from capacity + 1 on, in order.
// Draw: the first entries of RandomPermutation of the stream (seed,
// kRepresentativeDraw, task, step, position = rank) over the slots.
#ifndef REPRISE_CORE_BUFFER_TESTING_REFERENCE_RESERVOIR_BUFFER_H_
#define REPRISE_CORE_BUFFER_TESTING_REFERENCE_RESERVOIR_BUFFER_H_

#include <cstdint>
#include <vector>

#include "core/base/sample.h"
#include "core/buffer/buffer_stats.h"
#include "core/buffer/testing/reference_buffer_options.h"

namespace reprise {

class ReferenceReservoirBuffer {
 public:
  explicit ReferenceReservoirBuffer(const ReferenceBufferOptions& options);

  void Insert(const std::vector<Sample>& candidates, int64_t task,
              int64_t step);
  // Ids, in draw order.
  std::vector<int64_t> Draw(int64_t count, int64_t task, int64_t step) const;
  // class_count, stored, unique and bytes.
  BufferStats Stats() const;

 private:
  struct Slot {
    int32_t label;
    int64_t id;
  };

  const ReferenceBufferOptions options_;
  std::vector<Slot> slots_;
  std::vector<int64_t> class_count_;  // [num_classes]
  int64_t offered_ = 0;               // their sum
};

}  // namespace reprise

#endif  // REPRISE_CORE_BUFFER_TESTING_REFERENCE_RESERVOIR_BUFFER_H_
