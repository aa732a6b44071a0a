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
// Errors: the first failure of any collective makes the communicator unusable;
// that Status is returned by every later Wait on every outstanding Work.
#ifndef REPRISE_CORE_COMM_COMMUNICATOR_H_
#define REPRISE_CORE_COMM_COMMUNICATOR_H_

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "core/comm/transport.h"

namespace reprise {

// One enqueued collective. Thread-safe.
class Work {
 public:
  virtual ~Work() = default;

  // Lets a collective enqueued closed be issued.
  // Idempotent; never blocks.
  virtual void Open() = 0;

  // Blocks until the collective is complete on this rank or the communicator
  // has failed; either way its buffers are the caller's again.
  virtual absl::Status Wait() = 0;

  virtual bool Done() const = 0;

  // When it was open, when it was issued, and when it was found complete; of
  // memory of a device when that had computed what was given to it until the
  // Work was opened, when it began the collective and when it had ended it.
  // Valid once Wait has returned OK. For the measured overlap with backward.
  virtual CollectiveTimes times() const = 0;
};

enum class Gate { kOpen, kClosed };

class Communicator {
 public:
  using TransportFactory =
      std::function<absl::StatusOr<std::unique_ptr<Transport>>()>;

  // Starts the communication thread, which makes and finalises the transport.
  // It and callers in Wait use it, one at a time (MPI: SERIALIZED).
  static absl::StatusOr<std::unique_ptr<Communicator>> Create(
      TransportFactory factory);

  // Drains nothing and does not communicate: call Finalize before.
  virtual ~Communicator() = default;

  virtual int rank() const = 0;
  virtual int world_size() const = 0;
  // The rank's number among the ranks of its host, and how many there are.
  virtual int local_rank() const = 0;
  virtual int local_size() const = 0;
  // The cores that the ranks of its host may use, together.
  virtual int local_cores() const = 0;
  // Transport name, library version and pinned algorithms, for run.json.
  virtual std::string Describe() const = 0;

  // Collective, in place: `data` holds `count` elements of `dtype`.
  virtual std::shared_ptr<Work> AllReduce(void* data, int64_t count,
                                          DType dtype, ReduceOp op,
                                          Gate gate = Gate::kOpen) = 0;
  // Collective, in place: root's `bytes` bytes reach every rank.
  virtual std::shared_ptr<Work> Broadcast(void* data, int64_t bytes, int root,
                                          Gate gate = Gate::kOpen) = 0;
  // Collective: `bytes` bytes from each rank; `received` holds
  // world_size * bytes, in rank order.
  virtual std::shared_ptr<Work> AllGather(const void* sent, int64_t bytes,
                                          void* received,
                                          Gate gate = Gate::kOpen) = 0;
  // Collective: sent_bytes[r] bytes go to rank r, received_bytes[r] come from
  // it; both buffers are packed in rank order.
  virtual std::shared_ptr<Work> AllToAllv(const void* sent,
                                          std::vector<int64_t> sent_bytes,
                                          void* received,
                                          std::vector<int64_t> received_bytes,
                                          Gate gate = Gate::kOpen) = 0;
  // Collective.
  virtual std::shared_ptr<Work> Barrier() = 0;

  // Makes this communicator unusable with `status` on this rank, and tells the
  // other ranks as far as the transport can. Returns once all buffers are the
  // caller's again; a caller that waits, and one that is in a call that waits
  // for a lost rank, is sent on. Over MPI it logs `status`, ends the job with
  // its exit code and does not return.
  virtual void Abort(const absl::Status& status) = 0;

  // Collective: waits for all enqueued work, finalises the transport, joins
  // the communication thread. The first failure, if any.
  virtual absl::Status Finalize() = 0;
};

// Collective. OK on every rank if `local` is OK on every rank; otherwise every
// rank gets the same Status: that of the lowest failing rank, with its exit
// code, its message prefixed with "rank R: " (not in a job of one rank). How
// local errors are agreed on at batch and task boundaries. The failure is
// SharedByAllRanks.
absl::Status AgreeOnStatus(Communicator& communicator,
                           const absl::Status& local);

// Collective. Gathers one string per rank, in rank order, on every rank.
absl::StatusOr<std::vector<std::string>> AllGatherStrings(
    Communicator& communicator, const std::string& mine);

}  // namespace reprise

#endif  // REPRISE_CORE_COMM_COMMUNICATOR_H_
