// A communicator's queue of collectives and the threads that work it off.
//
// One thread at a time *drives*: issues what is open, in order, and tests what
// is in flight. That is a caller in Wait, which spins: no thread has to be
// woken, on either side. While no caller waits it is the communication thread,
// which naps. Only the latter with more ranks than cores on the host, where
// spinning would take a core from a rank that computes.
#ifndef REPRISE_CORE_COMM_PROGRESS_ENGINE_H_
#define REPRISE_CORE_COMM_PROGRESS_ENGINE_H_

#include <condition_variable>
#include <cstdint>
#include <deque>
#include <memory>
#include <mutex>
#include <optional>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "core/comm/collective.h"
#include "core/comm/transport.h"
#include "core/comm/work.h"

namespace reprise {

// Outlives the communicator in its Works. Thread-safe.
class ProgressEngine final {
 public:
  ProgressEngine() = default;
  ProgressEngine(const ProgressEngine&) = delete;

  // The communication thread, from its begin to its end.
  void Run(const TransportFactory& factory);

  // Blocks until the transport is made: what it says of this rank, or the error
  // of `factory`.
  absl::StatusOr<RankInfo> AwaitStart();

  void Enqueue(std::shared_ptr<Work> work);

  // Of Work.
  void Open(Work& work);
  absl::Status Wait(Work& work);
  bool Done(const Work& work) const;

  // Of Communicator.
  std::optional<CollectiveInFlight> OldestInFlight() const;
  void Abort(const absl::Status& status);

  // These two let Run return.
  void Abandon() { End(abandoned_); }
  void Finalize() { End(finalize_); }

  // Once Run has returned.
  void DropTransport() { transport_ = nullptr; }

  absl::Status failure() const;

 private:
  // `number`, `issued` and `work` are set under mutex_ when the collective
  // enters in_flight_; the rest is the driver's.
  struct InFlight {
    int64_t number = 0;
    absl::Time issued;
    std::shared_ptr<Work> work;
    std::unique_ptr<Transport::Pending> pending;
    bool done = false;
  };
  // What the communication thread does when it does not drive.
  enum class Rest { kNone, kNap, kLook, kUntilWoken };

  void NoteReady(Work& work);
  void End(bool& reason);

  bool HeadIsOpen() const { return !queue_.empty() && queue_.front()->open_; }

  // Nobody drives and there is something to drive.
  bool MayDrive() const {
    return !driven_ && !Ends() && (!in_flight_.empty() || HeadIsOpen());
  }
  bool ThreadMayDrive() const {
    return MayDrive() && !(callers_drive_ && waiting_ > 0);
  }

  // Nothing more is issued.
  bool Ends() const { return !failure_.ok() || abandoned_; }
  bool ThreadMayEnd() const {
    return !driven_ &&
           (Ends() || (finalize_ && queue_.empty() && in_flight_.empty()));
  }

  // After a change of what the above say.
  void WakeWhoDrives();
  void WakeForCall();

  // The communication thread does nothing until it is woken or `duration` has
  // passed.
  void DoNothing(Rest rest, absl::Duration duration,
                 std::unique_lock<std::mutex>& lock);

  // Makes the transport, serves, finalises it; the first failure.
  absl::Status RunTransport(const TransportFactory& factory);

  // Drives whenever no caller does, until the end; the first failure.
  absl::Status Serve(std::unique_lock<std::mutex>& lock);

  // A caller drives until `work` is done or there is nothing to drive.
  void Drive(const Work& work, std::unique_lock<std::mutex>& lock);

  // Issues at most one collective and tests all that are in flight. Whether
  // anything came of it; a failure is in failure_. Unlocks meanwhile.
  bool Round(std::unique_lock<std::mutex>& lock);

  // Unlocked. `issues`: the last one in flight is new.
  absl::Status IssueAndTest(bool issues);

  mutable std::mutex mutex_;
  std::condition_variable thread_;   // the communication thread waits
  std::condition_variable callers_;  // callers that do not drive wait
  // Made by the communication thread before started_; used by who drives.
  std::unique_ptr<Transport> transport_;
  // Guarded by mutex_.
  std::vector<InFlight> in_flight_;  // in order of issue
  std::deque<std::shared_ptr<Work>> queue_;
  int64_t num_issued_ = 0;
  absl::Status failure_;  // the first one; then nothing more is issued
  bool started_ = false, finalize_ = false, abandoned_ = false;
  bool stopped_ = false;  // the communication thread touches no buffer any more
  bool callers_drive_ = false;
  bool driven_ = false;
  Rest rest_ = Rest::kNone;                      // of the communication thread
  int waiting_ = 0;                              // callers in Wait
  absl::Time last_wait_ = absl::InfinitePast();  // when one returned
};

}  // namespace reprise

#endif  // REPRISE_CORE_COMM_PROGRESS_ENGINE_H_
