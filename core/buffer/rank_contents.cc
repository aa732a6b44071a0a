#include "core/buffer/rank_contents.h"

#include <cstddef>
#include <utility>

#include "absl/strings/str_cat.h"
#include "core/base/check.h"
#include "core/base/dtype.h"
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

absl::Status RankContents::SaveState(const StateWriter& state,
                                     int64_t row_bytes) const {
  for (size_t g = 0; g < tags_.size(); ++g) {
    const StateWriter group = state.Scope(absl::StrCat("group", g));
    const int64_t rows = static_cast<int64_t>(tags_[g].size());
    std::vector<int64_t> ids;
    std::vector<std::byte> bytes(rows * row_bytes);
    for (int64_t row = 0; row < rows; ++row) {
      ids.push_back(tags_[g][row].id);
      REPRISE_RETURN_IF_ERROR(rows_->Read({static_cast<int64_t>(g), row},
                                          bytes.data() + row * row_bytes));
    }
    group.Put("ids", ids);
    group.PutArray("rows", DType::kUint8, {rows, row_bytes}, bytes.data());
  }
  return absl::OkStatus();
}

absl::Status RankContents::LoadState(const StateReader& state,
                                     int64_t row_bytes,
                                     const SlotDirectory& directory) {
  for (int64_t g = 0; g < static_cast<int64_t>(tags_.size()); ++g) {
    REPRISE_CHECK(tags_[g].empty()) << "loaded into contents in use";
    const StateReader group = state.Scope(absl::StrCat("group", g));
    const std::vector<int32_t> labels = directory.LabelsOfRank(g, rank_);
    const int64_t rows = static_cast<int64_t>(labels.size());
    std::vector<int64_t> ids(rows);
    std::vector<std::byte> bytes(rows * row_bytes);
    REPRISE_RETURN_IF_ERROR(
        group.GetArray("ids", DType::kInt64, {rows}, ids.data()));
    REPRISE_RETURN_IF_ERROR(
        group.GetArray("rows", DType::kUint8, {rows, row_bytes}, bytes.data()));
    for (int64_t row = 0; row < rows; ++row) {
      tags_[g].push_back({labels[row], ids[row]});
      ++copies_[labels[row]][ids[row]];
      rows_->Put({g, row}, bytes.data() + row * row_bytes);
    }
    REPRISE_RETURN_IF_ERROR(rows_->Flush());
  }
  return absl::OkStatus();
}

}  // namespace reprise
