#include "core/buffer/rank_contents.h"

#include <cstddef>
#include <utility>

#include "core/base/check.h"
#include "core/base/status.h"
#include "xxhash.h"

namespace reprise {

RankContents::RankContents(int rank, int64_t num_groups, int64_t num_classes,
                           std::unique_ptr<RowStore> rows)
    : rank_(rank),
      rows_(std::move(rows)),
      tags_(num_groups),
      copies_(num_classes) {}

void RankContents::Apply(const SlotDirectory::Change& change,
                         const Sample* met) {
  if (!change.stored) return;
  std::vector<Tag>& tags = tags_[change.group];
  const bool leaves = change.replaces && change.vacated.rank == rank_;
  // Forgets before it overwrites, and before an equal id is counted again.
  if (leaves) Forget(tags[change.vacated.row]);
  const RowRef at = {change.group,
                     leaves ? change.vacated.row : change.taken.row};
  if (met != nullptr) {
    if (!leaves) {
      // The directory numbers this rank's rows as they lie here; where it does
      // not, all ranks would go on with rows of others.
      REPRISE_CHECK(at.row == static_cast<int64_t>(tags.size()))
          << "row " << at.row << " of " << tags.size();
      tags.emplace_back();
    }
    tags[at.row] = {met->label, met->id};
    ++copies_[met->label][met->id];
    rows_->Put(at, met->row);
  } else if (leaves) {
    // The slot goes to another rank; rows stay without gaps.
    tags[at.row] = tags.back();
    tags.pop_back();
    rows_->MoveLastTo(at);
  }
}

void RankContents::Forget(const Tag& tag) {
  auto& copies = copies_[tag.label];
  const auto copy = copies.find(tag.id);
  if (--copy->second == 0) copies.erase(copy);
}

std::vector<int64_t> RankContents::Unique() const {
  std::vector<int64_t> unique;
  for (const auto& copies : copies_) {
    unique.push_back(static_cast<int64_t>(copies.size()));
  }
  return unique;
}

absl::StatusOr<uint64_t> RankContents::Digest(uint64_t digest,
                                              int64_t row_bytes) const {
  std::vector<std::byte> bytes(row_bytes);
  for (size_t group = 0; group < tags_.size(); ++group) {
    for (size_t row = 0; row < tags_[group].size(); ++row) {
      const Tag& tag = tags_[group][row];
      REPRISE_RETURN_IF_ERROR(
          rows_->Read({static_cast<int64_t>(group), static_cast<int64_t>(row)},
                      bytes.data()));
      const int64_t words[] = {tag.label, tag.id};
      digest = XXH64(words, sizeof(words), digest);
      digest = XXH64(bytes.data(), row_bytes, digest);
    }
  }
  return digest;
}

}  // namespace reprise
