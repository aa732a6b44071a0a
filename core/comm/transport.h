// What a backend (in_process, mpi, nccl, checking) implements: start one
// collective, test whether it is complete. Called by one thread at a time, not
// always the same one, but for NoteReady; made and finalised by the
// communicator's thread.
#ifndef REPRISE_CORE_COMM_TRANSPORT_H_
#define REPRISE_CORE_COMM_TRANSPORT_H_

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "core/base/dtype.h"

namespace reprise {

enum class ReduceOp { kSum, kMax, kMin };

// One collective as data: what is called, on what.
struct Collective {
  enum class Kind { kAllReduce, kBroadcast, kAllGather, kAllToAllv, kBarrier };
  Kind kind = Kind::kBarrier;
  void* data = nullptr;  // in and out (AllReduce, Broadcast), else received
  const void* sent = nullptr;
  int64_t count = 0;  // elements of dtype
  DType dtype = DType::kUint8;
  ReduceOp op = ReduceOp::kSum;
  int root = 0;
  std::vector<int64_t> sent_bytes;      // AllToAllv only
  std::vector<int64_t> received_bytes;  // AllToAllv only
  // What NoteReady gave when it was opened.
  std::shared_ptr<const void> ready;
};

const char* KindName(Collective::Kind kind);

// Of one collective: when what it works on was ready, when it began, when it
// was complete.
struct CollectiveTimes {
  absl::Time ready, begun, completed;
};

class Transport {
 public:
  class Pending {
   public:
    virtual ~Pending() = default;
    // True once the collective is complete. Never blocks.
    virtual absl::StatusOr<bool> Test() = 0;
    // Once Test has given true: its times by the clock of the device that
    // carried it out, as times of the host's clock. Between the three of one
    // collective they are exact; to the host's clock to about the interval
    // between two tests: it was complete between the last test that found it
    // not to be and the first one that did. nullopt: the host did, which knows
    // them itself.
    virtual std::optional<CollectiveTimes> Times() const {
      return std::nullopt;
    }
  };

  virtual ~Transport() = default;
  virtual int rank() const = 0;
  virtual int world_size() const = 0;
  virtual int local_rank() const = 0;
  virtual int local_size() const = 0;
  // Cores that the ranks of this rank's host may use, all together.
  virtual int local_cores() const = 0;
  virtual std::string Describe() const = 0;

  // On any thread, which is about to open a collective: what is ready. A
  // transport of device memory notes how far the device must have come.
  virtual std::shared_ptr<const void> NoteReady() { return nullptr; }

  // Starts `collective`; its buffers stay valid until the Pending is done.
  virtual absl::StatusOr<std::unique_ptr<Pending>> Start(
      const Collective& collective) = 0;
  // From any thread, once nothing more is to be started: a Start or Test that
  // another thread is in soon returns, with an error where it has to. Neither
  // waits otherwise but for this rank itself.
  virtual void Interrupt() {}
  // Best effort and asynchronous: tells the other ranks that this one fails.
  virtual void Abort(const absl::Status& status) = 0;
  // Collective; nothing may be pending.
  virtual absl::Status Finalize() = 0;
};

}  // namespace reprise

#endif  // REPRISE_CORE_COMM_TRANSPORT_H_
