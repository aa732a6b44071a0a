#include "core/buffer/testing/reference_reservoir_buffer.h"

#include <algorithm>
#include <set>

#include "core/base/permutation.h"
#include "core/base/philox.h"

namespace reprise {

ReferenceReservoirBuffer::ReferenceReservoirBuffer(
    const ReferenceBufferOptions& options)
    : options_(options), class_count_(options.num_classes) {}

void ReferenceReservoirBuffer::Insert(const std::vector<Sample>& candidates,
                                      int64_t task, int64_t step) {
  PhiloxStream numbers(options_.Key(Purpose::kReservoir, task, step));
  const int64_t capacity = options_.num_classes * options_.capacity_per_class;
  for (const Sample& candidate : candidates) {
    ++class_count_[candidate.label];
    ++offered_;
    const Slot slot = {candidate.label, candidate.id};
    if (offered_ <= capacity) {
      slots_.push_back(slot);
      continue;
    }
    const int64_t number = static_cast<int64_t>(numbers.NextBelow(offered_));
    if (number < capacity) slots_[number] = slot;
  }
}

std::vector<int64_t> ReferenceReservoirBuffer::Draw(int64_t count, int64_t task,
                                                    int64_t step) const {
  const int64_t stored = static_cast<int64_t>(slots_.size());
  const std::vector<int64_t> order = RandomPermutation(
      options_.Key(Purpose::kRepresentativeDraw, task, step), stored);
  std::vector<int64_t> drawn;
  for (int64_t i = 0; i < std::min(count, stored); ++i) {
    drawn.push_back(slots_[order[i]].id);
  }
  return drawn;
}

BufferStats ReferenceReservoirBuffer::Stats() const {
  BufferStats stats;
  stats.class_count = class_count_;
  stats.stored.resize(options_.num_classes);
  std::vector<std::set<int64_t>> ids(options_.num_classes);
  for (const Slot& slot : slots_) {
    ++stats.stored[slot.label];
    ids[slot.label].insert(slot.id);
    stats.bytes += options_.row_bytes;
  }
  for (const std::set<int64_t>& of_class : ids) {
    stats.unique.push_back(static_cast<int64_t>(of_class.size()));
  }
  return stats;
}

}  // namespace reprise
