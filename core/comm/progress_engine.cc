#include "core/comm/progress_engine.h"

#include <sys/prctl.h>

#include <algorithm>
#include <utility>

#include "absl/time/clock.h"
#include "core/base/check.h"
#include "core/base/status.h"
#include "core/comm/collective.h"

namespace reprise {
namespace {

// More in flight would not speed up a step's few buckets, and bounds the
// requests that a transport tests in each round.
constexpr size_t kMaxInFlight = 4;

// The communication thread shares its core with computation: after a few rounds
// without result it naps after each, longer the longer nothing happens. Naps,
// not sched_yield: with all cores busy, yielding cost 8 ms per small
// collective, since each yield gives away a time slice; naps cost 0.2 ms.
constexpr int kSpins = 50;
// A caller that waits has nothing else to do with its core. It naps only after
// this long without result, when another rank is far behind or lacks a core. A
// round that took longer than kQuickRound has moved bytes.
constexpr absl::Duration kSpinOfCallers = absl::Milliseconds(1);
constexpr absl::Duration kQuickRound = absl::Microseconds(5);
constexpr absl::Duration kShortestNap = absl::Microseconds(20);
constexpr absl::Duration kLongestNap = absl::Microseconds(100);
// Waking the communication thread costs a caller 5 us, in vain if it waits at
// once. So it is left alone where a call follows a Wait within kInARow, as in a
// loop of blocking calls; should such a caller not wait, the thread comes by
// itself within kLook.
constexpr absl::Duration kInARow = absl::Microseconds(10);
constexpr absl::Duration kLook = absl::Milliseconds(1);

}  // namespace

void Work::Open() { engine_->Open(*this); }
absl::Status Work::Wait() { return engine_->Wait(*this); }
bool Work::Done() const { return engine_->Done(*this); }

void ProgressEngine::Run(const TransportFactory& factory) {
  const absl::Status status = RunTransport(factory);
  std::lock_guard<std::mutex> lock(mutex_);
  if (failure_.ok()) failure_ = status;
  stopped_ = true;
  queue_.clear();  // its Works hold this engine
  callers_.notify_all();
}

absl::StatusOr<RankInfo> ProgressEngine::AwaitStart() {
  std::unique_lock<std::mutex> lock(mutex_);
  callers_.wait(lock, [&] { return started_ || stopped_; });
  REPRISE_RETURN_IF_ERROR(failure_);
  return transport_->info();
}

void ProgressEngine::Enqueue(std::shared_ptr<Work> work) {
  std::lock_guard<std::mutex> lock(mutex_);
  REPRISE_CHECK(!finalize_) << "a collective after Finalize";
  if (stopped_) return;
  if (work->open_) NoteReady(*work);
  queue_.push_back(std::move(work));
  WakeForCall();
}

void ProgressEngine::Open(Work& work) {
  std::lock_guard<std::mutex> lock(mutex_);
  if (work.open_ || stopped_) return;
  NoteReady(work);
  work.open_ = true;
  WakeForCall();
}

absl::Status ProgressEngine::Wait(Work& work) {
  std::unique_lock<std::mutex> lock(mutex_);
  ++waiting_;
  // Not before stopped: the caller may free its buffers once this returns.
  while (!work.done_ && !stopped_) {
    if (callers_drive_ && MayDrive()) {
      Drive(work, lock);
    } else {
      callers_.wait(lock);
    }
  }
  --waiting_;
  WakeWhoDrives();
  last_wait_ = absl::Now();
  return work.done_ ? absl::OkStatus() : failure_;
}

bool ProgressEngine::Done(const Work& work) const {
  std::lock_guard<std::mutex> lock(mutex_);
  return work.done_;
}

std::optional<CollectiveInFlight> ProgressEngine::OldestInFlight() const {
  CollectiveInFlight oldest;
  std::shared_ptr<Work> work;
  {
    std::lock_guard<std::mutex> lock(mutex_);
    if (in_flight_.empty()) return std::nullopt;
    work = in_flight_.front().work;
    oldest.number = in_flight_.front().number;
    oldest.since = in_flight_.front().issued;
  }
  // Unlocked, since a text takes longer than all of the above.
  oldest.signature = Signature(work->collective_);
  return oldest;
}

void ProgressEngine::Abort(const absl::Status& status) {
  std::unique_lock<std::mutex> lock(mutex_);
  if (failure_.ok() && !stopped_) failure_ = status;
  if (transport_ != nullptr) transport_->Interrupt();
  WakeWhoDrives();
  callers_.wait(lock, [&] { return stopped_; });
}

absl::Status ProgressEngine::failure() const {
  std::lock_guard<std::mutex> lock(mutex_);
  return failure_;
}

void ProgressEngine::NoteReady(Work& work) {
  work.collective_.ready = transport_->NoteReady();
  work.times_.ready = absl::Now();
}

void ProgressEngine::End(bool& reason) {
  std::lock_guard<std::mutex> lock(mutex_);
  reason = true;
  WakeWhoDrives();
}

void ProgressEngine::WakeWhoDrives() {
  if (ThreadMayEnd() || (ThreadMayDrive() && rest_ != Rest::kNap)) {
    thread_.notify_one();
  }
  if (callers_drive_ && waiting_ > 0 && MayDrive()) callers_.notify_all();
}

void ProgressEngine::WakeForCall() {
  const bool in_a_row =
      rest_ == Rest::kLook && absl::Now() - last_wait_ < kInARow;
  if (waiting_ > 0 || !in_a_row) WakeWhoDrives();
}

void ProgressEngine::DoNothing(Rest rest, absl::Duration duration,
                               std::unique_lock<std::mutex>& lock) {
  rest_ = rest;
  if (rest == Rest::kUntilWoken) {
    thread_.wait(lock);
  } else {
    thread_.wait_for(lock, absl::ToChronoMicroseconds(duration));
  }
  rest_ = Rest::kNone;
}

absl::Status ProgressEngine::RunTransport(const TransportFactory& factory) {
  // Naps of this thread would be 50 us longer than asked for.
  prctl(PR_SET_TIMERSLACK, /*nanoseconds=*/1000, 0, 0, 0);
  REPRISE_ASSIGN_OR_RETURN(std::unique_ptr<Transport> transport, factory());
  std::unique_lock<std::mutex> lock(mutex_);
  transport_ = std::move(transport);
  callers_drive_ =
      transport_->info().local_size <= transport_->info().local_cores;
  started_ = true;
  callers_.notify_all();
  absl::Status status = Serve(lock);
  // Nobody else drives any more.
  const bool abandoned = abandoned_;
  lock.unlock();
  if (status.ok()) status = transport_->Finalize();
  if (status.ok()) return status;
  // Before what is in flight goes, so that the reason is what others hear.
  if (!abandoned) transport_->Abort(status);
  std::vector<InFlight> given_up;
  lock.lock();
  given_up.swap(in_flight_);
  lock.unlock();
  return status;
}

absl::Status ProgressEngine::Serve(std::unique_lock<std::mutex>& lock) {
  int idle_rounds = 0;
  while (true) {
    if (ThreadMayEnd()) {
      if (!failure_.ok()) return failure_;
      if (!abandoned_) return absl::OkStatus();
      return absl::CancelledError(
          "the communicator was destroyed before Finalize");
    }
    if (ThreadMayDrive()) {
      driven_ = true;
      const bool progressed = Round(lock);
      driven_ = false;
      if (progressed || callers_drive_) callers_.notify_all();
      idle_rounds = progressed ? 0 : idle_rounds + 1;
      if (idle_rounds >= kSpins) {
        DoNothing(Rest::kNap,
                  std::min(kShortestNap * (idle_rounds / kSpins), kLongestNap),
                  lock);
      }
      continue;
    }
    idle_rounds = 0;
    const bool looks =
        callers_drive_ && (waiting_ > 0 || absl::Now() - last_wait_ < kLook);
    DoNothing(looks ? Rest::kLook : Rest::kUntilWoken, kLook, lock);
  }
}

void ProgressEngine::Drive(const Work& work,
                           std::unique_lock<std::mutex>& lock) {
  driven_ = true;
  absl::Time round = absl::Now(), idle_since = round;
  while (!work.done_ && !Ends() && (!in_flight_.empty() || HeadIsOpen())) {
    const bool progressed = Round(lock);
    if (progressed && waiting_ > 1) callers_.notify_all();
    const absl::Time now = absl::Now();
    if (progressed || now - round > kQuickRound) idle_since = now;
    round = now;
    if (now - idle_since < kSpinOfCallers) continue;
    lock.unlock();
    absl::SleepFor(kShortestNap);
    lock.lock();
    round = absl::Now();
  }
  driven_ = false;
  if (ThreadMayEnd()) WakeWhoDrives();
}

bool ProgressEngine::Round(std::unique_lock<std::mutex>& lock) {
  const bool issues = HeadIsOpen() && in_flight_.size() < kMaxInFlight;
  if (issues) {
    // Before it is started, which may take long: OldestInFlight tells of it.
    InFlight next;
    next.number = num_issued_++;
    next.issued = absl::Now();
    next.work = std::move(queue_.front());
    queue_.pop_front();
    in_flight_.push_back(std::move(next));
  }
  lock.unlock();
  bool progressed = issues;
  const absl::Status status = IssueAndTest(issues);
  lock.lock();
  for (auto it = in_flight_.begin(); it != in_flight_.end();) {
    if (!it->done) {
      ++it;
      continue;
    }
    it->work->done_ = progressed = true;
    it = in_flight_.erase(it);
  }
  if (failure_.ok()) failure_ = status;
  return progressed;
}

absl::Status ProgressEngine::IssueAndTest(bool issues) {
  if (issues) {
    InFlight& next = in_flight_.back();
    next.work->times_.begun = next.issued;
    REPRISE_ASSIGN_OR_RETURN(next.pending,
                             transport_->Start(next.work->collective_));
    next.work->collective_.ready = nullptr;
  }
  for (InFlight& one : in_flight_) {
    REPRISE_ASSIGN_OR_RETURN(one.done, one.pending->Test());
    if (!one.done) continue;
    one.work->times_.completed = absl::Now();
    if (const auto times = one.pending->Times(); times.has_value()) {
      one.work->times_ = *times;
    }
  }
  return absl::OkStatus();
}

}  // namespace reprise
