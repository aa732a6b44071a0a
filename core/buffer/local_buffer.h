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

#include <cstddef>
#include <cstdint>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "core/base/philox.h"
#include "core/base/sample.h"
#include "core/buffer/rehearsal_buffer.h"

namespace reprise {

struct LocalBufferOptions {
  int64_t num_classes = 0;
  int64_t capacity_per_class = 6000;  // N, of this rank; 0 keeps nothing
  int64_t row_bytes = 0;
  uint64_t seed = 42;
  int rank = 0;

  // UsageError that names every problem.
  absl::Status Validate() const;
};

// Memory grows with what is stored, at most by doubling. O(1) a candidate, O(R)
// and O(num_classes) a draw.
class LocalBuffer final : public RehearsalBuffer {
 public:
  // `options` must be valid.
  explicit LocalBuffer(const LocalBufferOptions& options);

  absl::Status Insert(const std::vector<reprise::Sample>& candidates,
                      int64_t task, int64_t step) override;
  absl::StatusOr<std::vector<reprise::Sample>> Sample(int64_t count,
                                                      int64_t task,
                                                      int64_t step) override;
  BufferState State() const override;

 private:
  struct ClassSlab {
    int64_t class_count = 0;      // candidates ever offered
    std::vector<std::byte> rows;  // [stored, row_bytes]
    std::vector<int64_t> ids;     // [stored]
    // Derived from ids: how often each is stored.
    absl::flat_hash_map<int64_t, int32_t> copies;
  };

  StreamKey KeyOf(Purpose purpose, int64_t task, int64_t step) const;
  void Append(ClassSlab& slab, const reprise::Sample& candidate);
  void Replace(ClassSlab& slab, int64_t slot, const reprise::Sample& candidate);

  const LocalBufferOptions options_;
  std::vector<ClassSlab> classes_;
};

}  // namespace reprise

#endif  // REPRISE_CORE_BUFFER_LOCAL_BUFFER_H_
