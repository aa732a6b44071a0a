// The rehearsal buffer: samples met earlier, kept to be trained on again. A
// step first draws representatives, then offers candidates. What it holds and
// draws is a pure function of (seed, what was offered, rank).
//
// Steps count within the task, over its epochs; (task, step) keys every random
// decision, so each pair is used for one Sample and one Insert.
#ifndef REPRISE_CORE_BUFFER_REHEARSAL_BUFFER_H_
#define REPRISE_CORE_BUFFER_REHEARSAL_BUFFER_H_

#include <cstdint>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "core/base/sample.h"

namespace reprise {

// Vectors are indexed by class.
struct BufferState {
  std::vector<int64_t> class_count;  // candidates ever offered
  std::vector<int64_t> stored;       // representatives held
  std::vector<int64_t> unique;       // distinct sample ids among them
  int64_t bytes = 0;                 // of the stored rows
};

// Not thread-safe.
class RehearsalBuffer {
 public:
  virtual ~RehearsalBuffer() = default;

  // Offers `candidates` in order; their rows are copied. They must not be rows
  // of this buffer.
  virtual absl::Status Insert(const std::vector<reprise::Sample>& candidates,
                              int64_t task, int64_t step) = 0;

  // min(count, stored) different representatives, uniform over all that are
  // stored, in draw order. Rows stay valid until the next Insert.
  virtual absl::StatusOr<std::vector<reprise::Sample>> Sample(int64_t count,
                                                              int64_t task,
                                                              int64_t step) = 0;

  virtual BufferState State() const = 0;
};

}  // namespace reprise

#endif  // REPRISE_CORE_BUFFER_REHEARSAL_BUFFER_H_
