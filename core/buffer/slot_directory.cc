#include "core/buffer/slot_directory.h"

#include <algorithm>

#include "core/base/check.h"
#include "core/base/permutation.h"
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
