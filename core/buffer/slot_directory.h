// Where each representative of a buffer is, over all ranks that share it, and
// which one a candidate replaces (BufferPolicy): pure metadata, the same on
// every rank, changed only by what is offered.
//
// Representatives lie in slots, numbered over all ranks, of one group per class
// (class-balanced) or of a single group (reservoir). Which slot an offer takes
// depends on the order of offers and the random numbers alone, so the contents
// of slots and what a draw gives do not depend on how many ranks there are.
// Which rank holds a slot's row does: the one that met the sample.
#ifndef REPRISE_CORE_BUFFER_SLOT_DIRECTORY_H_
#define REPRISE_CORE_BUFFER_SLOT_DIRECTORY_H_

#include <cstdint>
#include <vector>

#include "absl/status/status.h"
#include "core/base/philox.h"
#include "core/base/state.h"

namespace reprise {

enum class BufferPolicy {
  // Below capacity an offer is appended to its class; a full class replaces a
  // slot chosen uniformly: NextBelow(capacity_per_class), one number an offer
  // to a full class (NIL, Munoz et al., Knowledge-Based Systems 208, 2020, as
  // the research code ran it).
  kClassBalanced,
  // A uniform random subset of all ever offered, num_classes *
  // capacity_per_class in all: the i-th offer (from 1) beyond the capacity
  // takes j = NextBelow(i) and replaces slot j if there is one (Algorithm R,
  // Vitter, ACM TOMS 11, 1985).
  kReservoir
};

struct SlotDirectoryOptions {
  BufferPolicy policy = BufferPolicy::kClassBalanced;
  int64_t num_classes = 0;
  int64_t capacity_per_class = 0;  // over all ranks; 0 keeps nothing
  int world_size = 1;
};

// A row in the memory of a rank: each rank keeps the rows of a group without
// gaps, numbered from 0.
struct RowLocation {
  int rank = 0;
  int64_t row = 0;
};

// Not thread-safe. O(1) an offer, O(count + groups) a draw.
class SlotDirectory {
 public:
  // `options` must be valid.
  explicit SlotDirectory(const SlotDirectoryOptions& options);

  // What an offer asks of the ranks' memories, in this order.
  struct Change {
    bool stored = false;
    int64_t group = 0;
    // A representative leaves `vacated`: its rank moves its last row of the
    // group there (or just drops it, where it is the last).
    bool replaces = false;
    RowLocation vacated;
    // The new row goes to `taken`: in place of the vacated one where they are
    // the same, else at the end of its rank's rows.
    RowLocation taken;
  };

  // A candidate of class `label` that `rank` met in step `step` of the run.
  Change Offer(int32_t label, int rank, int64_t step, PhiloxStream& numbers);

  struct Drawn {
    int64_t group = 0;
    int32_t label = 0;
    RowLocation location;
  };

  // min(count, stored) different slots, uniform, in draw order:
  // SampleWithoutReplacement over the groups ascending, then their slots.
  std::vector<Drawn> Draw(const StreamKey& key, int64_t count) const;

  int64_t num_groups() const { return static_cast<int64_t>(groups_.size()); }
  // Slots of a group at most, over all ranks.
  int64_t group_capacity() const { return capacity_; }
  const std::vector<int64_t>& class_count() const { return class_count_; }
  const std::vector<int64_t>& stored() const { return stored_; }
  // Of each rank.
  std::vector<int64_t> StoredByRank() const;
  // Of the rows of a group that lie on `rank`, in their order.
  std::vector<int32_t> LabelsOfRank(int64_t group, int rank) const;
  // Mean over the slots of `step` - the step they were offered in; 0 if empty.
  double MeanAge(int64_t step) const;
  // Of all that was stored and replaced so far: equal on ranks that agree.
  uint64_t digest() const { return digest_; }
  // Of what the slots hold and the classes' counts. O(slots).
  uint64_t ContentDigest() const;

  // O(slots). Loaded into one of the same options. Errors as core/base/state.h.
  void SaveState(const StateWriter& state) const;
  absl::Status LoadState(const StateReader& state);

 private:
  struct Slot {
    int32_t label = 0;
    RowLocation location;
    int64_t step = 0;  // of the offer
  };
  struct Group {
    std::vector<Slot> slots;
    // By rank: the slots of its rows, in the rows' order.
    std::vector<std::vector<int64_t>> slot_of_row;
  };

  absl::Status LoadGroup(const StateReader& state, Group* group);

  // The slot that an offer takes, the first free one or a victim; -1: none.
  int64_t ChooseSlot(int64_t group, PhiloxStream& numbers) const;

  const SlotDirectoryOptions options_;
  const int64_t capacity_;  // of a group
  std::vector<Group> groups_;
  std::vector<int64_t> class_count_, stored_;  // [num_classes]
  int64_t offered_ = 0;
  uint64_t digest_ = 0;
};

}  // namespace reprise

#endif  // REPRISE_CORE_BUFFER_SLOT_DIRECTORY_H_
