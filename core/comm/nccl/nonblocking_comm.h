// A communicator of NCCL whose calls do not block: each is in progress until a
// thread of NCCL's has enqueued it, and one that waits for a lost rank can be
// given up.
#ifndef REPRISE_CORE_COMM_NCCL_NONBLOCKING_COMM_H_
#define REPRISE_CORE_COMM_NCCL_NONBLOCKING_COMM_H_

#include <atomic>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "core/comm/nccl/device_api.h"

namespace reprise {

// Used by one thread at a time, with the device's context current, but for
// Interrupt. Errors are DistributedError with NCCL's own text.
class NonblockingComm {
 public:
  explicit NonblockingComm(const DeviceApi& api) : api_(api) {}
  NonblockingComm(const NonblockingComm&) = delete;

  // Begins to meet the other ranks, which do the same with rank 0's `id`.
  absl::Status Init(const NcclId& id, int rank, int world_size);

  // For calls; nullptr before Init, and once it is gone.
  NcclComm get() const { return comm_; }

  // Whether NCCL has nothing of this communicator's calls in progress; the
  // error that one of them has come to, or that was found since. Never blocks.
  absl::StatusOr<bool> IsIdle(const char* call) const;

  // Of what `call` gave: OK if it is done or in progress.
  absl::Status Begun(int result, const char* call) const;

  // What `call`, which gave `result`, comes to in the end: on devices, all of
  // it is enqueued then. Blocks until that or Interrupt.
  absl::Status Settled(int result, const char* call) const;

  // On any thread: ends a Settled that waits, and each that would.
  void Interrupt() { interrupted_ = true; }

  // Ends what is under way, and the communicator with it. Whether there was
  // one.
  bool Abort();

  // Collective: ends the communicator, of which nothing is under way.
  absl::Status Finalize();

 private:
  const DeviceApi& api_;
  NcclComm comm_ = nullptr;
  std::atomic<bool> interrupted_{false};
};

}  // namespace reprise

#endif  // REPRISE_CORE_COMM_NCCL_NONBLOCKING_COMM_H_
