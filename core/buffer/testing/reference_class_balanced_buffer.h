// The class-balanced rehearsal buffer read naively from its rules, in one
// process: what tests compare RehearsalBuffer with.
//
// NIL's, Munoz et al., Knowledge-Based Systems 208, 2020, as the research code
// ran it.
//
// Insert: class_count[c] += 1; below capacity the row is appended to class c;
// at capacity it replaces a stored one chosen uniformly: NextBelow(capacity) of
// the stream (seed, kReplacement, task, step, position = rank), one number per
// candidate of a full class in order.
// Draw: the first entries of RandomPermutation of the stream (seed,
// kRepresentativeDraw, task, step, position = rank) over all stored, classes
// ascending, then slots.
#ifndef REPRISE_CORE_BUFFER_TESTING_REFERENCE_CLASS_BALANCED_BUFFER_H_
#define REPRISE_CORE_BUFFER_TESTING_REFERENCE_CLASS_BALANCED_BUFFER_H_

#include <cstdint>
#include <map>
#include <vector>

#include "core/base/sample.h"
#include "core/buffer/buffer_stats.h"
#include "core/buffer/testing/reference_buffer_options.h"

namespace reprise {

class ReferenceClassBalancedBuffer {
 public:
  explicit ReferenceClassBalancedBuffer(const ReferenceBufferOptions& options);

  void Insert(const std::vector<Sample>& candidates, int64_t task,
              int64_t step);
  // Ids, in draw order.
  std::vector<int64_t> Draw(int64_t count, int64_t task, int64_t step) const;
  // class_count, stored, unique and bytes.
  BufferStats Stats() const;

 private:
  const ReferenceBufferOptions options_;
  std::map<int32_t, std::vector<int64_t>> ids_;  // stored, by class and slot
  std::vector<int64_t> class_count_;
};

}  // namespace reprise

#endif  // REPRISE_CORE_BUFFER_TESTING_REFERENCE_CLASS_BALANCED_BUFFER_H_
