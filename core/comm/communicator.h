// Collectives over the ranks of a job, overlapped with compute.
//
// Each rank owns one Communicator, whose thread works off its queue while the
// rank computes; a caller that waits does so itself. Every collective is
// enqueued on it in one order, the same on every rank, and is issued strictly
// in that order. A collective may be enqueued *closed*: the queue stops at it
// until its Work is opened. So the training thread declares a step's program
// [rehearsal exchange, bucket 0, ..., bucket n-1] before the forward pass, and
// autograd hooks only open a bucket whenever it is ready, in whatever order:
// what goes over the wire, and in which order, never depends on timing, and
// results are bit-identical from run to run.
//
// Free of LibTorch: bytes, counts, dtypes. Buffers are the caller's and must
// stay alive and untouched from the moment the Work is open until it is done.
//
// Steps, one after the other, and bytes that each of W ranks sends, for n bytes
// of data:
//
//              over MPI                          over NCCL, as pinned
//   AllReduce  2 (W-1) steps, 2 (W-1)/W n bytes  the same
//     to 16 KiB  one AllGather, (W-1) n bytes    the same as for more
//   Broadcast  a tree of the library's choice    W-1 steps, n bytes
//   AllGather  the library's choice, (W-1) n     W-1 steps, (W-1) n
//   AllToAllv  one step: a message to each rank that gets bytes, all at once
//   Barrier    the library's choice, no data     an AllReduce of 4 bytes
//
// Ranks as threads send nothing: the last to arrive reads the others' buffers.
// A checking transport adds an AllGather of 48 + 16 W bytes to each.
//
// Thread safety: any thread may enqueue, open, wait, ask and abort. The order
// is that in which calls to enqueue begin and, as it must be the same on every
// rank, the caller's to keep: one thread of a rank enqueues, or several by
// turns that do not depend on timing. Finalize and destruction come after all
// other calls.
//
// Errors: the first failure of any collective makes the communicator unusable;
// that Status is returned by every later Wait on every outstanding Work.
#ifndef REPRISE_CORE_COMM_COMMUNICATOR_H_
#define REPRISE_CORE_COMM_COMMUNICATOR_H_

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "core/base/dtype.h"
#include "core/comm/collective.h"
#include "core/comm/transport.h"
#include "core/comm/work.h"

namespace reprise {

class Communicator final {
 public:
  // Starts the communication thread, which makes and finalises the transport.
  // That thread and callers in Wait use the transport, one at a time (MPI:
  // SERIALIZED).
  static absl::StatusOr<std::unique_ptr<Communicator>> Create(
      TransportFactory factory);

  Communicator(const Communicator&) = delete;
  // Does not communicate: without Finalize before, what is enqueued is given up
  // and fails, and other ranks are not told.
  ~Communicator();

  int rank() const { return info_.rank; }
  int world_size() const { return info_.world_size; }
  // The rank's number among the ranks of its host, and how many there are.
  int local_rank() const { return info_.local_rank; }
  int local_size() const { return info_.local_size; }
  // The cores that the ranks of its host may use, together.
  int local_cores() const { return info_.local_cores; }
  // Transport name, library version and pinned algorithms, for run.json.
  const std::string& Describe() const { return info_.description; }

  // Collective, in place: `data` holds `count` elements of `dtype`.
  std::shared_ptr<Work> AllReduce(void* data, int64_t count, DType dtype,
                                  ReduceOp op, Gate gate = Gate::kOpen);
  // Collective, in place: root's `bytes` bytes reach every rank.
  std::shared_ptr<Work> Broadcast(void* data, int64_t bytes, int root,
                                  Gate gate = Gate::kOpen);
  // Collective: `bytes` bytes from each rank; `received` holds
  // world_size * bytes, in rank order.
  std::shared_ptr<Work> AllGather(const void* sent, int64_t bytes,
                                  void* received, Gate gate = Gate::kOpen);
  // Collective: sent_bytes[r] bytes go to rank r, received_bytes[r] come from
  // rank r; both buffers are packed in rank order.
  std::shared_ptr<Work> AllToAllv(const void* sent,
                                  std::vector<int64_t> sent_bytes,
                                  void* received,
                                  std::vector<int64_t> received_bytes,
                                  Gate gate = Gate::kOpen);
  // Collective.
  std::shared_ptr<Work> Barrier();

  // The oldest collective that this rank has issued and not completed: what a
  // rank that makes no progress waits for. nullopt if there is none, as when it
  // computes, when the next collective is still closed, and after a failure
  // once the buffers are given back. For a watchdog of ranks that hang, which
  // is later work (docs/OPERATIONS.md): takes the lock that enqueueing takes,
  // for a few field reads, and holds up nobody who waits on the network, since
  // that is done unlocked.
  std::optional<CollectiveInFlight> Health() const;

  // Makes this communicator unusable with `status` on this rank, and tells the
  // other ranks as far as the transport can. Returns once all buffers are the
  // caller's again; a caller that waits, and one that is in a call that waits
  // for a lost rank, is sent on. Over MPI it logs `status`, ends the job with
  // its exit code and does not return.
  void Abort(const absl::Status& status);

  // Collective: waits for all enqueued work, finalises the transport, joins
  // the communication thread. The first failure, if any.
  absl::Status Finalize();

 private:
  explicit Communicator(TransportFactory factory);
  std::shared_ptr<Work> Enqueue(Collective collective, Gate gate);

  const std::shared_ptr<ProgressEngine> engine_;
  RankInfo info_;
  std::thread thread_;
};

}  // namespace reprise

#endif  // REPRISE_CORE_COMM_COMMUNICATOR_H_
