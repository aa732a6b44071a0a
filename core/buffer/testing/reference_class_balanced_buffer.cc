#include "core/buffer/testing/reference_class_balanced_buffer.h"

#include <algorithm>
#include <set>

#include "core/base/permutation.h"
#include "core/base/philox.h"

namespace reprise {

ReferenceClassBalancedBuffer::ReferenceClassBalancedBuffer(
    const ReferenceBufferOptions& options)
    : options_(options), class_count_(options.num_classes) {}

void ReferenceClassBalancedBuffer::Insert(const std::vector<Sample>& candidates,
                                          int64_t task, int64_t step) {
  PhiloxStream victims(options_.Key(Purpose::kReplacement, task, step));
  const int64_t capacity = options_.capacity_per_class;
  for (const Sample& candidate : candidates) {
    ++class_count_[candidate.label];
    std::vector<int64_t>& ids = ids_[candidate.label];
    if (static_cast<int64_t>(ids.size()) < capacity) {
      ids.push_back(candidate.id);
    } else if (capacity > 0) {
      ids[victims.NextBelow(capacity)] = candidate.id;
    }
  }
}

std::vector<int64_t> ReferenceClassBalancedBuffer::Draw(int64_t count,
                                                        int64_t task,
                                                        int64_t step) const {
  std::vector<int64_t> all;
  for (const auto& [label, ids] : ids_) {
    all.insert(all.end(), ids.begin(), ids.end());
  }
  const int64_t stored = static_cast<int64_t>(all.size());
  const std::vector<int64_t> order = RandomPermutation(
      options_.Key(Purpose::kRepresentativeDraw, task, step), stored);
  std::vector<int64_t> drawn;
  for (int64_t i = 0; i < std::min(count, stored); ++i) {
    drawn.push_back(all[order[i]]);
  }
  return drawn;
}

BufferStats ReferenceClassBalancedBuffer::Stats() const {
  BufferStats stats;
  stats.class_count = class_count_;
  stats.stored.resize(options_.num_classes);
  stats.unique.resize(options_.num_classes);
  for (const auto& [label, ids] : ids_) {
    stats.stored[label] = static_cast<int64_t>(ids.size());
    stats.unique[label] =
        static_cast<int64_t>(std::set<int64_t>(ids.begin(), ids.end()).size());
    stats.bytes += stats.stored[label] * options_.row_bytes;
  }
  return stats;
}

}  // namespace reprise
