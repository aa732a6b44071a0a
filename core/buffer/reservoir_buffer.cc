#include "core/buffer/reservoir_buffer.h"

#include "absl/container/flat_hash_set.h"
#include "core/base/check.h"
#include "core/base/permutation.h"

namespace reprise {

ReservoirBuffer::ReservoirBuffer(const LocalBufferOptions& options)
    : options_(options),
      slab_(options.row_bytes,
            options.num_classes * options.capacity_per_class) {
  const absl::Status valid = options.Validate();
  REPRISE_CHECK(valid.ok()) << valid.ToString();
  class_count_.resize(options.num_classes);
}

absl::Status ReservoirBuffer::Insert(
    const std::vector<reprise::Sample>& candidates, int64_t task,
    int64_t step) {
  PhiloxStream slots(options_.Key(Purpose::kReservoir, task, step));
  for (const reprise::Sample& candidate : candidates) {
    options_.CheckLabel(candidate);
    ++class_count_[candidate.label];
    ++offered_;
    if (!slab_.is_full()) {
      slab_.Append(candidate);
      continue;
    }
    const int64_t slot = static_cast<int64_t>(slots.NextBelow(offered_));
    if (slot < slab_.size()) slab_.Replace(slot, candidate);
  }
  return absl::OkStatus();
}

absl::StatusOr<std::vector<reprise::Sample>> ReservoirBuffer::Sample(
    int64_t count, int64_t task, int64_t step) {
  std::vector<reprise::Sample> drawn;
  for (const int64_t slot : SampleWithoutReplacement(
           options_.Key(Purpose::kRepresentativeDraw, task, step), slab_.size(),
           count)) {
    drawn.push_back(slab_.At(slot));
  }
  return drawn;
}

BufferState ReservoirBuffer::State() const {
  BufferState state;
  state.class_count = class_count_;
  state.stored.resize(class_count_.size());
  std::vector<absl::flat_hash_set<int64_t>> ids(class_count_.size());
  for (int64_t slot = 0; slot < slab_.size(); ++slot) {
    const reprise::Sample sample = slab_.At(slot);
    ++state.stored[sample.label];
    ids[sample.label].insert(sample.id);
  }
  for (const auto& of_class : ids) {
    state.unique.push_back(static_cast<int64_t>(of_class.size()));
  }
  state.bytes = slab_.bytes();
  return state;
}

}  // namespace reprise
