// One collective on its way, as the caller holds it.
#ifndef REPRISE_CORE_COMM_WORK_H_
#define REPRISE_CORE_COMM_WORK_H_

#include <memory>
#include <utility>

#include "absl/status/status.h"
#include "core/comm/collective.h"

namespace reprise {

class ProgressEngine;

// Whether a collective may be issued when its turn comes, or only once its Work
// is opened.
enum class Gate { kOpen, kClosed };

// Made by Communicator, which it may outlive. Thread-safe.
class Work final {
 public:
  Work(std::shared_ptr<ProgressEngine> engine, Collective collective, Gate gate)
      : engine_(std::move(engine)),
        collective_(std::move(collective)),
        open_(gate == Gate::kOpen) {}
  Work(const Work&) = delete;

  // Lets a collective enqueued closed be issued.
  // Idempotent; never blocks.
  void Open();

  // Blocks until the collective is complete on this rank or the communicator
  // has failed; either way its buffers are the caller's again. Returns OK, or
  // the first failure of the communicator.
  absl::Status Wait();

  bool Done() const;

  // When it was open, when it was issued, and when it was found complete; of
  // memory of a device when that had computed what was given to it until the
  // Work was opened, when it began the collective and when it had ended it.
  // Valid once Wait has returned OK. For the measured overlap with backward.
  CollectiveTimes times() const { return times_; }

 private:
  friend class ProgressEngine;

  const std::shared_ptr<ProgressEngine> engine_;
  // All but `ready` is constant; that is written by who opens, before open_,
  // and then by who drives.
  Collective collective_;
  // Guarded by the engine's mutex.
  bool open_;
  bool done_ = false;
  // Written by who opens, then by who drives, before done_.
  CollectiveTimes times_;
};

}  // namespace reprise

#endif  // REPRISE_CORE_COMM_WORK_H_
