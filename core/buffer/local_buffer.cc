#include "core/buffer/local_buffer.h"

#include <algorithm>
#include <cstring>
#include <string>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "core/base/check.h"
#include "core/base/permutation.h"
#include "core/base/status.h"

namespace reprise {

absl::Status LocalBufferOptions::Validate() const {
  std::vector<std::string> problems;
  if (num_classes < 1) {
    problems.push_back(
        absl::StrCat("number of classes must be >= 1, found ", num_classes));
  }
  if (capacity_per_class < 0) {
    problems.push_back(absl::StrCat("num_representatives must be >= 0, found ",
                                    capacity_per_class));
  }
  if (row_bytes < 1) {
    problems.push_back(
        absl::StrCat("row bytes must be >= 1, found ", row_bytes));
  }
  if (rank < 0) {
    problems.push_back(absl::StrCat("rank must be >= 0, found ", rank));
  }
  return problems.empty()
             ? absl::OkStatus()
             : UsageError(absl::StrCat("rehearsal buffer: ",
                                       absl::StrJoin(problems, "; ")));
}

LocalBuffer::LocalBuffer(const LocalBufferOptions& options)
    : options_(options) {
  const absl::Status valid = options.Validate();
  REPRISE_CHECK(valid.ok()) << valid.ToString();
  classes_.resize(options.num_classes);
}

StreamKey LocalBuffer::KeyOf(Purpose purpose, int64_t task,
                             int64_t step) const {
  return {options_.seed, purpose, static_cast<uint32_t>(task),
          static_cast<uint32_t>(step), static_cast<uint32_t>(options_.rank)};
}

void LocalBuffer::Append(ClassSlab& slab, const reprise::Sample& candidate) {
  constexpr size_t kFirstRows = 16;
  const size_t row_bytes = options_.row_bytes;
  const size_t used = slab.rows.size();
  if (used + row_bytes > slab.rows.capacity()) {
    slab.rows.reserve(
        std::min(std::max(2 * used, kFirstRows * row_bytes),
                 static_cast<size_t>(options_.capacity_per_class) * row_bytes));
  }
  slab.rows.insert(slab.rows.end(), candidate.row, candidate.row + row_bytes);
  slab.ids.push_back(candidate.id);
  ++slab.copies[candidate.id];
}

void LocalBuffer::Replace(ClassSlab& slab, int64_t slot,
                          const reprise::Sample& candidate) {
  std::memcpy(slab.rows.data() + slot * options_.row_bytes, candidate.row,
              options_.row_bytes);
  const auto victim = slab.copies.find(slab.ids[slot]);
  if (--victim->second == 0) slab.copies.erase(victim);
  slab.ids[slot] = candidate.id;
  ++slab.copies[candidate.id];
}

absl::Status LocalBuffer::Insert(const std::vector<reprise::Sample>& candidates,
                                 int64_t task, int64_t step) {
  PhiloxStream victims(KeyOf(Purpose::kReplacement, task, step));
  for (const reprise::Sample& candidate : candidates) {
    REPRISE_CHECK(candidate.label >= 0 &&
                  candidate.label < options_.num_classes)
        << "label " << candidate.label << " of " << options_.num_classes;
    ClassSlab& slab = classes_[candidate.label];
    ++slab.class_count;
    if (static_cast<int64_t>(slab.ids.size()) < options_.capacity_per_class) {
      Append(slab, candidate);
    } else if (options_.capacity_per_class > 0) {
      Replace(
          slab,
          static_cast<int64_t>(victims.NextBelow(options_.capacity_per_class)),
          candidate);
    }
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
    stored += static_cast<int64_t>(slab.ids.size());
    stored_through.push_back(stored);
  }
  std::vector<reprise::Sample> drawn;
  for (const int64_t index : SampleWithoutReplacement(
           KeyOf(Purpose::kRepresentativeDraw, task, step), stored, count)) {
    const int64_t c =
        std::upper_bound(stored_through.begin(), stored_through.end(), index) -
        stored_through.begin();
    const ClassSlab& slab = classes_[c];
    const int64_t slot = index - (c == 0 ? 0 : stored_through[c - 1]);
    drawn.push_back({slab.rows.data() + slot * options_.row_bytes,
                     static_cast<int32_t>(c), slab.ids[slot]});
  }
  return drawn;
}

BufferState LocalBuffer::State() const {
  BufferState state;
  for (const ClassSlab& slab : classes_) {
    state.class_count.push_back(slab.class_count);
    state.stored.push_back(static_cast<int64_t>(slab.ids.size()));
    state.unique.push_back(static_cast<int64_t>(slab.copies.size()));
    state.bytes += static_cast<int64_t>(slab.rows.size());
  }
  return state;
}

}  // namespace reprise
