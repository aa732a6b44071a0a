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
// the drawn rows with their ids and, to everybody, the labels of the step's
// candidates; rank r takes the draws r, r + W, r + 2 W ... Where rows lie on
// devices, they go by an AllToAllv of their own, ahead of this one.
//
// Synchronous: a step is given what is drawn of the state after the step
// before, and waits for the exchange. S(s): the state after step s; W = 2.
//
//              BeginStep(s)                                EndStep(s)
//   rank 0     select - draw of S(s-1) - pack \    / train - commit: S(s)
//   exchange                                   x(s)
//   rank 1     select - draw of S(s-1) - pack /    \ train - commit: S(s)
//
// Asynchronous: the exchange of a step runs behind its computation and serves
// the next one. A step is given what is drawn of the state after the step
// before the last: the first two steps of a run have none. It costs the network
// the same; what the last step of a run sends is not used.
//
//   BeginStep(s)   finish x(s-1): rows drawn of S(s-2), labels of step s-1
//                  commit the candidates of step s-1: S(s-1)
//                  select - draw of S(s-1) - pack - start x(s)
//                  give what x(s-1) brought
//
//   compute        | train on rows of x(s-1) | train on rows of x(s) | ...
//   exchange       | x(s)                    | x(s+1)                | ...
//                  BeginStep(s)              BeginStep(s+1)
//
// On the wire, from rank r to rank q != r (layout: exchange_codec.h; up8:
// rounded up to 8), with the rows of r that q draws:
//   host rows   up8(16 + 4 candidates(r)) + (8 + up8(row bytes)) * rows bytes
//   device rows up8(16 + 4 candidates(r)) + 8 * rows, and row bytes * rows
// A digest of the metadata rides along; ranks that differ end the run, with its
// message or, where they already disagree on sizes, with the transport's.
//
// Random numbers: the stream (seed, purpose, task, step, position) with
// kCandidateDraw (SampleWithoutReplacement over the incoming samples of all
// sharing ranks), kReplacement or kReservoir, and kRepresentativeDraw; position
// is 0 for a shared buffer, else the rank.
#ifndef REPRISE_CORE_BUFFER_REHEARSAL_BUFFER_H_
#define REPRISE_CORE_BUFFER_REHEARSAL_BUFFER_H_

#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "core/base/philox.h"
#include "core/base/state.h"
#include "core/buffer/buffer_stats.h"
#include "core/buffer/rank_contents.h"
#include "core/buffer/rehearsal_step.h"
#include "core/buffer/row_store.h"
#include "core/buffer/slot_directory.h"
#include "core/buffer/step_exchange.h"
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

// Not thread-safe. After an error of any call the buffer is of no more use.
class RehearsalBuffer {
 public:
  // `options` must be valid. `shared_by` outlives this; nullptr: a buffer of
  // this rank alone, which communicates nothing. `rows`: where rows lie;
  // nullptr: in host memory.
  RehearsalBuffer(const RehearsalBufferOptions& options,
                  Communicator* shared_by,
                  std::unique_ptr<RowStore> rows = nullptr);

  // Waits for what is under way.
  ~RehearsalBuffer();
  RehearsalBuffer(const RehearsalBuffer&) = delete;

  // Collective over the sharing ranks. The rows of `step.incoming` stay valid
  // until the candidates are taken in: in EndStep, or, asynchronous, in the
  // next BeginStep or Quiesce. Errors:
  //   DistributedError  a collective failed; or, MarkAgreed, the ranks'
  //                     buffers differ: all ranks return it in the same step
  //   InternalError     a device failed to store, read or send rows, with its
  //                     text; of this rank alone
  // Aborts where the incoming samples are not this rank's slice, and, once the
  // candidates are taken in, where a label is not in [0, num_classes).
  absl::StatusOr<Representatives> BeginStep(const RehearsalStep& step);

  // Once for each BeginStep; communicates nothing. InternalError of a device,
  // as BeginStep; always OK of host rows and of an asynchronous buffer.
  absl::Status EndStep();

  // Collective. After EndStep: takes in what is under way and gathers what only
  // the ranks know, so that Stats are those after the last step. Changes
  // nothing that later steps are given. Errors as BeginStep; where another rank
  // has called AgreeOnStatus with an error in its place, that error.
  absl::Status Quiesce();

  // Over all ranks; of several ranks, `unique` is as of the last Quiesce.
  BufferStats Stats() const;

  // Of all that is stored: every slot's label, place and age, and the bytes,
  // labels and ids of this rank's rows. For comparisons of runs, once the
  // candidates are taken in. O(bytes stored). InternalError of a device.
  absl::StatusOr<uint64_t> ContentDigest() const;

  // After EndStep, on every rank after the same step. Waits for what is under
  // way, of which the state has what it brought: so nothing of it is lost, and
  // what follows is as without. Loaded into a buffer of the same options that
  // has not begun a step; then each rank has what it had. Errors as BeginStep
  // and core/base/state.h.
  absl::Status SaveState(const StateWriter& state);
  absl::Status LoadState(const StateReader& state);

  bool is_on_device() const { return contents_.rows().is_on_device(); }

 private:
  StreamKey Key(Purpose purpose, int64_t task, int64_t step) const;
  StepCandidates SelectCandidates(const RehearsalStep& step);
  absl::Status StartExchange(const RehearsalStep& step);
  absl::Status FinishExchange();
  absl::Status CommitCandidates();

  const RehearsalBufferOptions options_;
  Communicator* const communicator_;  // nullptr: alone
  const int rank_, world_size_;       // among the sharing ranks
  SlotDirectory directory_;
  RankContents contents_;
  StepExchange exchange_;
  std::vector<int64_t> unique_of_ranks_;  // [W, num_classes]
  int64_t steps_ = 0;                     // begun
};

}  // namespace reprise

#endif  // REPRISE_CORE_BUFFER_REHEARSAL_BUFFER_H_
