// The rehearsal buffer: samples met earlier, kept to be trained on again, one
// over all ranks of a communicator or one of this rank alone.
//
// In each step a rank names its incoming samples, of which some become
// candidates, and gets its part of the step's representatives; once the step is
// over, the buffer takes the candidates in. What is kept and drawn is a pure
// function of the seed and of what came in; it does not depend on timing, nor,
// for a shared buffer, on the number of ranks.
//
// Shared: who holds which row is replicated metadata (slot_directory.h), so
// every rank enumerates the whole draw, and all counts are known without
// asking. A row stays on the rank that met it. One AllToAllv a step carries
// the drawn rows and, to everybody, the labels of the step's candidates; rank r
// takes the draws r, r + W, r + 2 W ... Of each row its id goes with it:
//   bytes from rank r to rank q != r: up8(16 + 4 candidates(r)) +
//   (8 + up8(row bytes)) * rows of r drawn by q, up8: rounded up to 8.
// Where rows lie on devices, they go by an AllToAllv of their own between
// these, row_bytes each, and only the ids by the other. A digest of the
// metadata rides along; ranks that differ end the run, with its message or,
// where they already disagree on sizes, with the transport's.
//
// Synchronous: a step is given what is drawn of the state after the step
// before; it waits for the exchange. Asynchronous: the exchange of a step runs
// behind its computation and serves the next one, so a step is given what is
// drawn of the state after the step before the last: the first two steps of a
// run have none. A step costs the network the same either way; what the last
// step of a run sends asynchronously is not used.
//
// Random numbers: the stream (seed, purpose, task, step, position) with
// kCandidateDraw (which of the incoming samples of all sharing ranks),
// kReplacement or kReservoir, and kRepresentativeDraw; position is 0 for a
// shared buffer, else the rank.
#ifndef REPRISE_CORE_BUFFER_REHEARSAL_BUFFER_H_
#define REPRISE_CORE_BUFFER_REHEARSAL_BUFFER_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "core/base/sample.h"
#include "core/buffer/buffer_state.h"
#include "core/buffer/device_rows.h"
#include "core/buffer/row_slab.h"
#include "core/buffer/slot_directory.h"
#include "core/comm/communicator.h"

namespace reprise {

// "All ranks" below: all that share the buffer.
struct RehearsalBufferOptions {
  BufferPolicy policy = BufferPolicy::kClassBalanced;
  int64_t num_classes = 0;
  int64_t capacity_per_class = 6000;  // N, over all ranks; 0 keeps nothing
  int64_t row_bytes = 0;
  // Offered per step, over all ranks; nullopt: every incoming sample.
  std::optional<int64_t> candidates = 20;
  int64_t representatives = 20;  // drawn per step, over all ranks
  bool asynchronous = false;
  uint64_t seed = 42;
  // Of this rank in the job; where the buffer is not shared, the position of
  // its streams.
  int rank = 0;
  // Where the buffer is not shared: this rank's first draw among those of all
  // ranks of the job.
  int64_t first_draw = 0;

  // UsageError that names every problem.
  absl::Status Validate() const;

  // Where these are the sizes over all ranks of a job: those of a buffer that
  // `rank` has alone, with its slice (core/base/slices.h) of the capacity, the
  // candidates and the draws.
  RehearsalBufferOptions OfRank(int rank, int world_size) const;
};

// Steps count within the task, over its epochs; a pair (task, step) is used
// once.
struct RehearsalStep {
  int64_t task = 0, step = 0;
  // Samples that come in in this step: this rank's slice of them
  // (core/base/slices.h), and how many over all ranks of the job (not used
  // where the buffer is not shared).
  std::vector<Sample> incoming;
  int64_t incoming_of_all = 0;
};

struct Representatives {
  // Their rows stay valid until the next BeginStep; in device memory where the
  // buffer is.
  std::vector<Sample> samples;
  // [samples] number of each among the draws of all ranks of the job.
  std::vector<int64_t> draws;
  // The state that they were drawn from, over all ranks.
  std::vector<int64_t> class_count, stored;
};

// Not thread-safe.
class RehearsalBuffer {
 public:
  // `options` must be valid. `shared_by` outlives this; nullptr: a buffer of
  // this rank alone, which communicates nothing. `device_rows`: where rows lie;
  // nullptr: in host memory.
  RehearsalBuffer(const RehearsalBufferOptions& options,
                  Communicator* shared_by,
                  std::unique_ptr<DeviceRows> device_rows = nullptr);

  // Waits for what is under way.
  ~RehearsalBuffer();
  RehearsalBuffer(const RehearsalBuffer&) = delete;

  // Collective over the sharing ranks. The rows of `step.incoming` stay valid
  // until the candidates are taken in: in EndStep, or, asynchronous, in the
  // next BeginStep or Settle.
  absl::StatusOr<Representatives> BeginStep(const RehearsalStep& step);

  // Once for each BeginStep; communicates nothing.
  absl::Status EndStep();

  // Collective. After EndStep: takes in what is under way and gathers what only
  // the ranks know, so that State is that after the last step. Changes nothing
  // that later steps are given. Where another rank has called AgreeOnStatus
  // with an error in its place, that error.
  absl::Status Settle();

  // Over all ranks; of several ranks, `unique` is as of the last Settle.
  BufferState State() const;

  // Of all that is stored: every slot's label, place and age, and the bytes,
  // labels and ids of this rank's rows. For comparisons of runs, once the
  // candidates are taken in. O(bytes stored).
  absl::StatusOr<uint64_t> ContentDigest() const;

  bool is_on_device() const { return device_rows_ != nullptr; }

 private:
  // Of the last step begun, in the order in which they are offered.
  struct Candidates {
    int64_t task = 0, step = 0;
    std::vector<int> ranks;        // that met them
    std::vector<Sample> own;       // those of this rank
    std::vector<int64_t> of_rank;  // [W] how many
    std::vector<int32_t> labels;   // of all, once the exchange is finished
  };

  // A row that this rank is given.
  struct Expected {
    int from = 0;
    int64_t number = 0;  // among the rows from there
    int32_t label = 0;
    int64_t draw = 0;
  };

  struct Exchange {
    std::vector<std::byte> sent, received;            // by rank
    std::vector<int64_t> sent_bytes, received_bytes;  // [W]
    std::shared_ptr<Work> work;  // nullptr where nobody else takes part
    std::vector<Expected> expected;
    std::vector<int64_t> class_count, stored;
  };

  int64_t HeaderBytes(int rank) const;
  int64_t RecordBytes() const;
  StreamKey Key(Purpose purpose, int64_t task, int64_t step) const;
  void Choose(const RehearsalStep& step);
  absl::Status Start();
  absl::Status Finish();
  absl::Status FinishUnderWay();
  absl::Status TakeIn();
  std::vector<int64_t> Unique() const;

  const RehearsalBufferOptions options_;
  Communicator* const communicator_;  // nullptr: alone
  const int rank_, world_size_;       // among the sharing ranks
  SlotDirectory directory_;
  // By group: this rank's rows; only their labels and ids where device_rows_
  // has them.
  std::vector<RowSlab> slabs_;
  const std::unique_ptr<DeviceRows> device_rows_;
  // Derived from the slabs, by class: how often each id is stored.
  std::vector<absl::flat_hash_map<int64_t, int32_t>> copies_;

  Candidates candidates_;
  // In turn: a step's representatives lie in one while the other is filled.
  Exchange exchanges_[2];
  int current_ = 0;                       // the last one started
  bool under_way_ = false;                // it is not finished
  Representatives finished_;              // what it gave, until a step takes it
  std::vector<int64_t> unique_of_ranks_;  // [W, num_classes]
  int64_t steps_ = 0;                     // begun
  int64_t bytes_sent_ = 0;
};

}  // namespace reprise

#endif  // REPRISE_CORE_BUFFER_REHEARSAL_BUFFER_H_
