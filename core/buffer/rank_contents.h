// What one rank holds of a rehearsal buffer: labels and ids of its rows, and
// the store that has their bytes.
#ifndef REPRISE_CORE_BUFFER_RANK_CONTENTS_H_
#define REPRISE_CORE_BUFFER_RANK_CONTENTS_H_

#include <cstdint>
#include <memory>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "core/base/sample.h"
#include "core/base/state.h"
#include "core/buffer/row_store.h"
#include "core/buffer/slot_directory.h"

namespace reprise {

// Follows the changes that a SlotDirectory, the same on every rank, decides
// on. Not thread-safe.
class RankContents {
 public:
  // `rank`: this one, among those of the directory.
  RankContents(int rank, int64_t num_groups, int64_t num_classes,
               std::unique_ptr<RowStore> rows);

  // Does this rank's part of a change. `met`: the candidate, where this rank
  // met it, whose row stays valid until the store's next Flush; else nullptr.
  void Apply(const SlotDirectory::Change& change, const Sample* met);

  int64_t id(const RowRef& row) const { return tags_[row.group][row.row].id; }
  RowStore& rows() { return *rows_; }
  const RowStore& rows() const { return *rows_; }

  // [num_classes] different ids.
  std::vector<int64_t> Unique() const;

  // Of all labels, ids and bytes (rows of `row_bytes`), on top of `digest`.
  // O(bytes held). Errors as RowStore::Read.
  absl::StatusOr<uint64_t> Digest(uint64_t digest, int64_t row_bytes) const;

  // Labels, ids and bytes of the rows, O(bytes held); loaded into one that
  // holds nothing, as far as `directory` has rows of this rank. Errors as
  // core/base/state.h and RowStore::Read.
  absl::Status SaveState(const StateWriter& state, int64_t row_bytes) const;
  absl::Status LoadState(const StateReader& state, int64_t row_bytes,
                         const SlotDirectory& directory);

 private:
  struct Tag {
    int32_t label = 0;
    int64_t id = 0;
  };

  void Forget(const Tag& tag);

  const int rank_;
  const std::unique_ptr<RowStore> rows_;
  std::vector<std::vector<Tag>> tags_;  // by group, one a row
  // Derived from the tags, by class: how many rows have each id.
  std::vector<absl::flat_hash_map<int64_t, int32_t>> copies_;
};

}  // namespace reprise

#endif  // REPRISE_CORE_BUFFER_RANK_CONTENTS_H_
