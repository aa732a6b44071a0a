#include "core/buffer/local_buffer.h"

#include <algorithm>

#include "core/base/check.h"
#include "core/base/permutation.h"
#include "core/base/philox.h"

namespace reprise {

LocalBuffer::LocalBuffer(const LocalBufferOptions& options)
    : options_(options) {
  const absl::Status valid = options.Validate();
  REPRISE_CHECK(valid.ok()) << valid.ToString();
  classes_.resize(
      options.num_classes,
      {0, RowSlab(options.row_bytes, options.capacity_per_class), {}});
}

absl::Status LocalBuffer::Insert(const std::vector<reprise::Sample>& candidates,
                                 int64_t task, int64_t step) {
  PhiloxStream victims(options_.Key(Purpose::kReplacement, task, step));
  for (const reprise::Sample& candidate : candidates) {
    options_.CheckLabel(candidate);
    ClassSlab& slab = classes_[candidate.label];
    ++slab.class_count;
    if (!slab.rows.is_full()) {
      slab.rows.Append(candidate);
    } else if (options_.capacity_per_class > 0) {
      const auto slot =
          static_cast<int64_t>(victims.NextBelow(options_.capacity_per_class));
      const auto victim = slab.copies.find(slab.rows.At(slot).id);
      if (--victim->second == 0) slab.copies.erase(victim);
      slab.rows.Replace(slot, candidate);
    } else {
      continue;
    }
    ++slab.copies[candidate.id];
  }
  return absl::OkStatus();
}

absl::StatusOr<std::vector<reprise::Sample>> LocalBuffer::Sample(int64_t count,
                                                                 int64_t task,
                                                                 int64_t step) {
  // Stored in the classes up to and including c.
  std::vector<int64_t> stored_through;
  stored_through.reserve(classes_.size());
  int64_t stored = 0;
  for (const ClassSlab& slab : classes_) {
    stored += slab.rows.size();
    stored_through.push_back(stored);
  }
  std::vector<reprise::Sample> drawn;
  for (const int64_t index : SampleWithoutReplacement(
           options_.Key(Purpose::kRepresentativeDraw, task, step), stored,
           count)) {
    const int64_t c =
        std::upper_bound(stored_through.begin(), stored_through.end(), index) -
        stored_through.begin();
    drawn.push_back(
        classes_[c].rows.At(index - (c == 0 ? 0 : stored_through[c - 1])));
  }
  return drawn;
}

BufferState LocalBuffer::State() const {
  BufferState state;
  for (const ClassSlab& slab : classes_) {
    state.class_count.push_back(slab.class_count);
    state.stored.push_back(slab.rows.size());
    state.unique.push_back(static_cast<int64_t>(slab.copies.size()));
    state.bytes += slab.rows.bytes();
  }
  return state;
}

}  // namespace reprise
