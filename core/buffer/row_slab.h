// Copies of samples' rows in one block of memory, with their labels and ids:
// what buffers are made of.
#ifndef REPRISE_CORE_BUFFER_ROW_SLAB_H_
#define REPRISE_CORE_BUFFER_ROW_SLAB_H_

#include <cstddef>
#include <cstdint>
#include <vector>

#include "core/base/sample.h"

namespace reprise {

// Memory grows with what is stored, by doubling, but never beyond `capacity`
// rows. Of rows of 0 bytes it keeps labels and ids. Not thread-safe.
class RowSlab {
 public:
  RowSlab(int64_t row_bytes, int64_t capacity)
      : row_bytes_(row_bytes), capacity_(capacity) {}

  int64_t size() const { return static_cast<int64_t>(tags_.size()); }
  int64_t bytes() const { return static_cast<int64_t>(rows_.size()); }
  bool is_full() const { return size() >= capacity_; }

  // The sample in `slot`, in [0, size()). Its row stays valid until the slab
  // changes.
  Sample At(int64_t slot) const {
    return {rows_.data() + slot * row_bytes_, tags_[slot].label,
            tags_[slot].id};
  }

  // Stores a copy. The slab is not full; `sample` is none of its own.
  void Append(const Sample& sample);
  void Replace(int64_t slot, const Sample& sample);
  // The last sample takes the place of the one in `slot`.
  void MoveLastTo(int64_t slot);

 private:
  struct Tag {
    int32_t label;
    int64_t id;
  };

  int64_t row_bytes_, capacity_;
  std::vector<std::byte> rows_;  // [size, row_bytes]
  std::vector<Tag> tags_;        // [size]
};

}  // namespace reprise

#endif  // REPRISE_CORE_BUFFER_ROW_SLAB_H_
