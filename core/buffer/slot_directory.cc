#include "core/buffer/slot_directory.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "core/base/check.h"
#include "core/base/permutation.h"
#include "core/base/status.h"
#include "xxhash.h"

namespace reprise {

SlotDirectory::SlotDirectory(const SlotDirectoryOptions& options)
    : options_(options),
      capacity_(options.policy == BufferPolicy::kReservoir
                    ? options.num_classes * options.capacity_per_class
                    : options.capacity_per_class),
      groups_(options.policy == BufferPolicy::kReservoir ? 1
                                                         : options.num_classes),
      class_count_(options.num_classes),
      stored_(options.num_classes) {
  for (Group& group : groups_) group.slot_of_row.resize(options.world_size);
}

int64_t SlotDirectory::ChooseSlot(int64_t group, PhiloxStream& numbers) const {
  const int64_t size = static_cast<int64_t>(groups_[group].slots.size());
  if (size < capacity_) return size;
  // Numbers are taken by full groups only, which is part of the contract: what
  // a run keeps is compared with other programs of the method.
  if (options_.policy == BufferPolicy::kReservoir) {
    const int64_t slot = static_cast<int64_t>(numbers.NextBelow(offered_));
    return slot < size ? slot : -1;
  }
  return capacity_ > 0 ? static_cast<int64_t>(numbers.NextBelow(capacity_))
                       : -1;
}

SlotDirectory::Change SlotDirectory::Offer(int32_t label, int rank,
                                           int64_t step,
                                           PhiloxStream& numbers) {
  REPRISE_CHECK(label >= 0 && label < options_.num_classes)
      << "label " << label << " of " << options_.num_classes;
  REPRISE_CHECK(rank >= 0 && rank < options_.world_size)
      << "rank " << rank << " of " << options_.world_size;
  ++class_count_[label];
  ++offered_;
  Change change;
  change.group = options_.policy == BufferPolicy::kReservoir ? 0 : label;
  const int64_t chosen = ChooseSlot(change.group, numbers);
  if (chosen < 0) return change;
  Group& group = groups_[change.group];
  change.stored = true;
  change.replaces = chosen < static_cast<int64_t>(group.slots.size());
  if (!change.replaces) group.slots.emplace_back();
  Slot& slot = group.slots[chosen];
  std::vector<int64_t>& rows = group.slot_of_row[rank];
  if (change.replaces) {
    // The slot stays where it is, so draws do not depend on who holds its row;
    // only the row moves, when another rank met the new one.
    change.vacated = slot.location;
    --stored_[slot.label];
    if (slot.location.rank != rank) {
      std::vector<int64_t>& former = group.slot_of_row[slot.location.rank];
      // Rows stay without gaps: the former rank's last one fills the place.
      const int64_t moved = former.back();
      former[slot.location.row] = moved;
      group.slots[moved].location.row = slot.location.row;
      former.pop_back();
    }
  }
  if (!change.replaces || slot.location.rank != rank) {
    slot.location = {rank, static_cast<int64_t>(rows.size())};
    rows.push_back(chosen);
  }
  change.taken = slot.location;
  slot.label = label;
  slot.step = step;
  ++stored_[label];
  // A running digest costs O(1) an offer; one over all slots, O(slots) a step.
  const int64_t words[] = {change.group, chosen, label, rank};
  digest_ = XXH64(words, sizeof(words), digest_);
  return change;
}

std::vector<SlotDirectory::Drawn> SlotDirectory::Draw(const StreamKey& key,
                                                      int64_t count) const {
  // Slots of the groups up to and including g.
  std::vector<int64_t> slots_through;
  slots_through.reserve(groups_.size());
  int64_t slots = 0;
  for (const Group& group : groups_) {
    slots += static_cast<int64_t>(group.slots.size());
    slots_through.push_back(slots);
  }
  std::vector<Drawn> drawn;
  drawn.reserve(std::min(count, slots));
  for (const int64_t index : SampleWithoutReplacement(key, slots, count)) {
    const int64_t g =
        std::upper_bound(slots_through.begin(), slots_through.end(), index) -
        slots_through.begin();
    const Slot& slot =
        groups_[g].slots[index - (g == 0 ? 0 : slots_through[g - 1])];
    drawn.push_back({g, slot.label, slot.location});
  }
  return drawn;
}

double SlotDirectory::MeanAge(int64_t step) const {
  int64_t slots = 0, sum = 0;
  for (const Group& group : groups_) {
    for (const Slot& slot : group.slots) sum += step - slot.step;
    slots += static_cast<int64_t>(group.slots.size());
  }
  return slots == 0 ? 0 : static_cast<double>(sum) / slots;
}

uint64_t SlotDirectory::ContentDigest() const {
  uint64_t digest = XXH64(class_count_.data(),
                          class_count_.size() * sizeof(int64_t), /*seed=*/0);
  for (int64_t g = 0; g < num_groups(); ++g) {
    for (const Slot& slot : groups_[g].slots) {
      const int64_t words[] = {g, slot.label, slot.location.rank,
                               slot.location.row, slot.step};
      digest = XXH64(words, sizeof(words), digest);
    }
  }
  return digest;
}

void SlotDirectory::SaveState(const StateWriter& state) const {
  state.Put("class_count", class_count_);
  state.Put("offered", offered_);
  state.Put("digest", static_cast<int64_t>(digest_));
  for (int64_t g = 0; g < num_groups(); ++g) {
    std::vector<int32_t> labels, ranks;
    std::vector<int64_t> rows, steps;
    for (const Slot& slot : groups_[g].slots) {
      labels.push_back(slot.label);
      ranks.push_back(slot.location.rank);
      rows.push_back(slot.location.row);
      steps.push_back(slot.step);
    }
    const StateWriter group = state.Scope(absl::StrCat("group", g));
    group.Put("labels", labels);
    group.Put("ranks", ranks);
    group.Put("rows", rows);
    group.Put("steps", steps);
  }
}

absl::Status SlotDirectory::LoadState(const StateReader& state) {
  int64_t digest = 0;
  REPRISE_RETURN_IF_ERROR(state.Get("class_count", &class_count_));
  REPRISE_RETURN_IF_ERROR(state.Get("offered", &offered_));
  REPRISE_RETURN_IF_ERROR(state.Get("digest", &digest));
  digest_ = static_cast<uint64_t>(digest);
  int64_t counted = 0, least = 0;
  for (const int64_t count : class_count_) {
    counted += count;
    least = std::min(least, count);
  }
  if (static_cast<int64_t>(class_count_.size()) != options_.num_classes ||
      counted != offered_ || least < 0) {
    return state.Error(
        absl::StrCat("class_count, offered: expected ", options_.num_classes,
                     " counts and their sum, found ", class_count_.size(),
                     " classes, ", counted, " of ", offered_));
  }
  stored_.assign(options_.num_classes, 0);
  for (int64_t g = 0; g < num_groups(); ++g) {
    REPRISE_RETURN_IF_ERROR(
        LoadGroup(state.Scope(absl::StrCat("group", g)), &groups_[g]));
  }
  return absl::OkStatus();
}

absl::Status SlotDirectory::LoadGroup(const StateReader& state, Group* group) {
  std::vector<int32_t> labels, ranks;
  std::vector<int64_t> rows, steps;
  REPRISE_RETURN_IF_ERROR(state.Get("labels", &labels));
  REPRISE_RETURN_IF_ERROR(state.Get("ranks", &ranks));
  REPRISE_RETURN_IF_ERROR(state.Get("rows", &rows));
  REPRISE_RETURN_IF_ERROR(state.Get("steps", &steps));
  const size_t size = labels.size();
  if (ranks.size() != size || rows.size() != size || steps.size() != size ||
      static_cast<int64_t>(size) > capacity_) {
    return state.Error(absl::StrCat("expected at most ", capacity_,
                                    " slots, found ", size, ", ", ranks.size(),
                                    ", ", rows.size(), ", ", steps.size()));
  }
  group->slots.clear();
  group->slot_of_row.assign(options_.world_size, {});
  // Each rank's rows have the numbers from 0, each once: no row is negative,
  // beyond the rank's slots, or taken.
  std::vector<int64_t> rows_of_rank(options_.world_size);
  for (const int32_t rank : ranks) {
    if (rank < 0 || rank >= options_.world_size) {
      return state.Error(absl::StrCat(
          "ranks: expected 0 to ", options_.world_size - 1, ", found ", rank));
    }
    ++rows_of_rank[rank];
  }
  for (int rank = 0; rank < options_.world_size; ++rank) {
    group->slot_of_row[rank].assign(rows_of_rank[rank], -1);
  }
  for (size_t i = 0; i < size; ++i) {
    std::vector<int64_t>& slots = group->slot_of_row[ranks[i]];
    const bool is_row = rows[i] >= 0 &&
                        rows[i] < static_cast<int64_t>(slots.size()) &&
                        slots[rows[i]] == -1;
    const bool is_label = labels[i] >= 0 && labels[i] < options_.num_classes;
    if (!is_row || !is_label) {
      return state.Error(
          absl::StrCat("slot ", i, ": expected a free row below ", slots.size(),
                       " and a label below ", options_.num_classes,
                       ", found row ", rows[i], ", label ", labels[i]));
    }
    slots[rows[i]] = static_cast<int64_t>(i);
    group->slots.push_back({labels[i], {ranks[i], rows[i]}, steps[i]});
    ++stored_[labels[i]];
  }
  return absl::OkStatus();
}

std::vector<int32_t> SlotDirectory::LabelsOfRank(int64_t group,
                                                 int rank) const {
  std::vector<int32_t> labels;
  for (const int64_t slot : groups_[group].slot_of_row[rank]) {
    labels.push_back(groups_[group].slots[slot].label);
  }
  return labels;
}

std::vector<int64_t> SlotDirectory::StoredByRank() const {
  std::vector<int64_t> stored(options_.world_size);
  for (const Group& group : groups_) {
    for (int rank = 0; rank < options_.world_size; ++rank) {
      stored[rank] += static_cast<int64_t>(group.slot_of_row[rank].size());
    }
  }
  return stored;
}

}  // namespace reprise
