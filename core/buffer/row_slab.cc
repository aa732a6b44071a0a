#include "core/buffer/row_slab.h"

#include <algorithm>

namespace reprise {

void RowSlab::Append(const Sample& sample) {
  constexpr size_t kFirstRows = 16;
  const size_t row_bytes = row_bytes_;
  const size_t used = rows_.size();
  if (used + row_bytes > rows_.capacity()) {
    rows_.reserve(std::min(std::max(2 * used, kFirstRows * row_bytes),
                           static_cast<size_t>(capacity_) * row_bytes));
  }
  rows_.insert(rows_.end(), sample.row, sample.row + row_bytes);
  tags_.push_back({sample.label, sample.id});
}

void RowSlab::Replace(int64_t slot, const Sample& sample) {
  std::copy_n(sample.row, row_bytes_, rows_.data() + slot * row_bytes_);
  tags_[slot] = {sample.label, sample.id};
}

void RowSlab::MoveLastTo(int64_t slot) {
  const int64_t last = size() - 1;
  if (slot != last) Replace(slot, At(last));
  rows_.resize(last * row_bytes_);
  tags_.pop_back();
}

}  // namespace reprise
