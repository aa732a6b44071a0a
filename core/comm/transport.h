// What a backend (in_process, mpi, nccl) or a decorator implements: start one
// collective, test whether it is complete.
//
// Thread safety: a communicator's thread makes and finalises its transport and
// calls Abort. Start and Test are called by one thread at a time, by turns that
// of the communicator and those that wait. NoteReady and Interrupt are called
// on any thread, beside those.
#ifndef REPRISE_CORE_COMM_TRANSPORT_H_
#define REPRISE_CORE_COMM_TRANSPORT_H_

#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "core/comm/collective.h"

namespace reprise {

// A rank's place in its job, and what carries its collectives.
struct RankInfo {
  int rank = 0, world_size = 1;
  // Among the ranks of the same host.
  int local_rank = 0, local_size = 1;
  // Cores that the ranks of the host may use, all together.
  int local_cores = 1;
  // Name, version of the library and pinned algorithms, for run.json.
  std::string description;
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

  // The same from the first call on.
  virtual const RankInfo& info() const = 0;

  // Of the thread that is about to open a collective: what is ready. A
  // transport of device memory notes how far the device must have come.
  virtual std::shared_ptr<const void> NoteReady() { return nullptr; }

  // Starts `collective`; its buffers stay valid until the Pending is done.
  virtual absl::StatusOr<std::unique_ptr<Pending>> Start(
      const Collective& collective) = 0;
  // Once nothing more is to be started: a Start or Test that another thread is
  // in soon returns, with an error where it has to. Neither waits otherwise but
  // for this rank itself.
  virtual void Interrupt() {}
  // Best effort and asynchronous: tells the other ranks that this one fails.
  virtual void Abort(const absl::Status& status) = 0;
  // Collective; nothing may be pending.
  virtual absl::Status Finalize() = 0;
};

using TransportFactory =
    std::function<absl::StatusOr<std::unique_ptr<Transport>>()>;

}  // namespace reprise

#endif  // REPRISE_CORE_COMM_TRANSPORT_H_
