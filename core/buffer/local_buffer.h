// For tests: the naive reference of RehearsalBuffer, class-balanced, in one
// process.
//
// The rehearsal buffer of one rank: class-balanced with random replacement
// (NIL, Munoz et al., Knowledge-Based Systems 208, 2020, as the research code
// ran it). No communication.
//
// Insert: class_count[c] += 1; below capacity the row is appended to class c;
// at capacity it replaces a stored one chosen uniformly: NextBelow(capacity) of
// the stream (seed, kReplacement, task, step, position = rank), one number per
// candidate of a full class in order.
// Sample: SampleWithoutReplacement of the stream (seed, kRepresentativeDraw,
// task, step, position = rank) over all stored, classes ascending, then slots.
#ifndef REPRISE_CORE_BUFFER_LOCAL_BUFFER_H_
#define REPRISE_CORE_BUFFER_LOCAL_BUFFER_H_

#include <cstdint>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "core/base/sample.h"
#include "core/buffer/buffer_state.h"
#include "core/buffer/local_buffer_options.h"
#include "core/buffer/row_slab.h"

namespace reprise {

// O(1) a candidate, O(R) and O(num_classes) a draw, O(num_classes) a State.
class LocalBuffer {
 public:
  // `options` must be valid.
  explicit LocalBuffer(const LocalBufferOptions& options);

  absl::Status Insert(const std::vector<reprise::Sample>& candidates,
                      int64_t task, int64_t step);
  absl::StatusOr<std::vector<reprise::Sample>> Sample(int64_t count,
                                                      int64_t task,
                                                      int64_t step);
  BufferState State() const;

 private:
  struct ClassSlab {
    int64_t class_count = 0;  // candidates ever offered
    RowSlab rows;
    // Derived from rows: how often each id is stored.
    absl::flat_hash_map<int64_t, int32_t> copies;
  };

  const LocalBufferOptions options_;
  std::vector<ClassSlab> classes_;
};

}  // namespace reprise

#endif  // REPRISE_CORE_BUFFER_LOCAL_BUFFER_H_
