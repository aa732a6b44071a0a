#include "core/comm/communicator.h"

#include <sys/prctl.h>

#include <algorithm>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "core/base/check.h"
#include "core/base/status.h"

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

class Engine;

class QueuedWork final : public Work {
 public:
  QueuedWork(std::shared_ptr<Engine> engine, Collective collective, bool open)
      : engine_(std::move(engine)),
        collective_(std::move(collective)),
        open_(open) {}

  void Open() override;
  absl::Status Wait() override;
  bool Done() const override;
  CollectiveTimes times() const override { return times_; }

 private:
  friend class Engine;
  const std::shared_ptr<Engine> engine_;
  Collective collective_;  // as it is once it is open
  // Guarded by the engine's mutex.
  bool open_;
  bool done_ = false;
  // Written by who opens, then by who drives, before done_.
  CollectiveTimes times_;
};

// The queue and who works it off. One thread at a time *drives*: issues what is
// open and tests what is in flight. That is a caller in Wait, which spins: no
// thread has to be woken, on either side. While no caller waits it is the
// communication thread, which naps. Only the latter with more ranks than cores
// on the host, where spinning would take a core from a rank that computes.
//
// Outlives the communicator in its Works.
class Engine {
 public:
  // The communication thread, from its begin to its end.
  void Run(const Communicator::TransportFactory& factory) {
    const absl::Status status = RunTransport(factory);
    std::lock_guard<std::mutex> lock(mutex_);
    if (failure_.ok()) failure_ = status;
    stopped_ = true;
    queue_.clear();  // its Works hold this engine
    callers_.notify_all();
  }

  absl::Status AwaitStart() {
    std::unique_lock<std::mutex> lock(mutex_);
    callers_.wait(lock, [&] { return started_ || stopped_; });
    return failure_;
  }

  const Transport& transport() const { return *transport_; }

  void Enqueue(std::shared_ptr<QueuedWork> work) {
    std::lock_guard<std::mutex> lock(mutex_);
    REPRISE_CHECK(!finalize_) << "a collective after Finalize";
    if (stopped_) return;
    if (work->open_) NoteReady(*work);
    queue_.push_back(std::move(work));
    WakeForCall();
  }

  void Open(QueuedWork& work) {
    std::lock_guard<std::mutex> lock(mutex_);
    if (work.open_ || stopped_) return;
    NoteReady(work);
    work.open_ = true;
    WakeForCall();
  }

  absl::Status Wait(QueuedWork& work) {
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

  bool Done(const QueuedWork& work) const {
    std::lock_guard<std::mutex> lock(mutex_);
    return work.done_;
  }

  void Abort(const absl::Status& status) {
    std::unique_lock<std::mutex> lock(mutex_);
    if (failure_.ok() && !stopped_) failure_ = status;
    if (transport_ != nullptr) transport_->Interrupt();
    WakeWhoDrives();
    callers_.wait(lock, [&] { return stopped_; });
  }

  // These two let Run return.
  void Abandon() { End(abandoned_); }
  void Finalize() { End(finalize_); }

  // Once Run has returned.
  void DropTransport() { transport_ = nullptr; }

  absl::Status failure() const {
    std::lock_guard<std::mutex> lock(mutex_);
    return failure_;
  }

 private:
  struct InFlight {
    std::shared_ptr<QueuedWork> work;
    std::unique_ptr<Transport::Pending> pending;
    bool done = false;
  };

  void NoteReady(QueuedWork& work) {
    work.collective_.ready = transport_->NoteReady();
    work.times_.ready = absl::Now();
  }

  void End(bool& reason) {
    std::lock_guard<std::mutex> lock(mutex_);
    reason = true;
    WakeWhoDrives();
  }

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
  void WakeWhoDrives() {
    if (ThreadMayEnd() || (ThreadMayDrive() && rest_ != Rest::kNap)) {
      thread_.notify_one();
    }
    if (callers_drive_ && waiting_ > 0 && MayDrive()) callers_.notify_all();
  }
  void WakeForCall() {
    const bool in_a_row =
        rest_ == Rest::kLook && absl::Now() - last_wait_ < kInARow;
    if (waiting_ > 0 || !in_a_row) WakeWhoDrives();
  }

  enum class Rest { kNone, kNap, kLook, kUntilWoken };

  // The communication thread does nothing until it is woken or `duration` has
  // passed.
  void DoNothing(Rest rest, absl::Duration duration,
                 std::unique_lock<std::mutex>& lock) {
    rest_ = rest;
    if (rest == Rest::kUntilWoken) {
      thread_.wait(lock);
    } else {
      thread_.wait_for(lock, absl::ToChronoMicroseconds(duration));
    }
    rest_ = Rest::kNone;
  }

  absl::Status RunTransport(const Communicator::TransportFactory& factory) {
    // Naps of this thread would be 50 us longer than asked for.
    prctl(PR_SET_TIMERSLACK, /*nanoseconds=*/1000, 0, 0, 0);
    REPRISE_ASSIGN_OR_RETURN(std::unique_ptr<Transport> transport, factory());
    std::unique_lock<std::mutex> lock(mutex_);
    transport_ = std::move(transport);
    callers_drive_ = transport_->local_size() <= transport_->local_cores();
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
    in_flight_.clear();
    return status;
  }

  // Drives whenever no caller does, until the end; the first failure.
  absl::Status Serve(std::unique_lock<std::mutex>& lock) {
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
          DoNothing(
              Rest::kNap,
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

  // A caller drives until `work` is done or there is nothing to drive.
  void Drive(const QueuedWork& work, std::unique_lock<std::mutex>& lock) {
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

  // Issues at most one collective and tests all that are in flight. Whether
  // anything came of it; a failure is in failure_. Unlocks meanwhile.
  bool Round(std::unique_lock<std::mutex>& lock) {
    std::shared_ptr<QueuedWork> next;
    if (HeadIsOpen() && in_flight_.size() < kMaxInFlight) {
      next = std::move(queue_.front());
      queue_.pop_front();
    }
    lock.unlock();
    bool progressed = next != nullptr;
    const absl::Status status = IssueAndTest(std::move(next));
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

  // `next` may be nullptr.
  absl::Status IssueAndTest(std::shared_ptr<QueuedWork> next) {
    if (next != nullptr) {
      next->times_.begun = absl::Now();
      REPRISE_ASSIGN_OR_RETURN(std::unique_ptr<Transport::Pending> pending,
                               transport_->Start(next->collective_));
      next->collective_.ready = nullptr;
      in_flight_.push_back({std::move(next), std::move(pending)});
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

  mutable std::mutex mutex_;
  std::condition_variable thread_;   // the communication thread waits
  std::condition_variable callers_;  // callers that do not drive wait
  // Made by the communication thread before started_; used by who drives.
  std::unique_ptr<Transport> transport_;
  // Changed by who drives; read under the mutex while nobody does.
  std::vector<InFlight> in_flight_;
  // Guarded by mutex_.
  std::deque<std::shared_ptr<QueuedWork>> queue_;
  absl::Status failure_;  // the first one; then nothing more is issued
  bool started_ = false, finalize_ = false, abandoned_ = false;
  bool stopped_ = false;  // the communication thread touches no buffer any more
  bool callers_drive_ = false;
  bool driven_ = false;
  Rest rest_ = Rest::kNone;                      // of the communication thread
  int waiting_ = 0;                              // callers in Wait
  absl::Time last_wait_ = absl::InfinitePast();  // when one returned
};

void QueuedWork::Open() { engine_->Open(*this); }
absl::Status QueuedWork::Wait() { return engine_->Wait(*this); }
bool QueuedWork::Done() const { return engine_->Done(*this); }

class QueuedCommunicator final : public Communicator {
 public:
  explicit QueuedCommunicator(TransportFactory factory)
      : engine_(std::make_shared<Engine>()),
        thread_([engine = engine_, factory = std::move(factory)] {
          engine->Run(factory);
        }) {}

  ~QueuedCommunicator() override {
    if (thread_.joinable()) {
      engine_->Abandon();
      thread_.join();
    }
    engine_->DropTransport();
  }

  absl::Status AwaitStart() { return engine_->AwaitStart(); }

  int rank() const override { return engine_->transport().rank(); }
  int world_size() const override { return engine_->transport().world_size(); }
  int local_rank() const override { return engine_->transport().local_rank(); }
  int local_size() const override { return engine_->transport().local_size(); }
  int local_cores() const override {
    return engine_->transport().local_cores();
  }
  std::string Describe() const override {
    return engine_->transport().Describe();
  }

  std::shared_ptr<Work> AllReduce(void* data, int64_t count, DType dtype,
                                  ReduceOp op, Gate gate) override {
    Collective collective;
    collective.kind = Collective::Kind::kAllReduce;
    collective.data = data;
    collective.count = count;
    collective.dtype = dtype;
    collective.op = op;
    return Enqueue(std::move(collective), gate);
  }

  std::shared_ptr<Work> Broadcast(void* data, int64_t bytes, int root,
                                  Gate gate) override {
    REPRISE_CHECK(root >= 0 && root < world_size()) << "root " << root;
    Collective collective;
    collective.kind = Collective::Kind::kBroadcast;
    collective.data = data;
    collective.count = bytes;
    collective.root = root;
    return Enqueue(std::move(collective), gate);
  }

  std::shared_ptr<Work> AllGather(const void* sent, int64_t bytes,
                                  void* received, Gate gate) override {
    Collective collective;
    collective.kind = Collective::Kind::kAllGather;
    collective.data = received;
    collective.sent = sent;
    collective.count = bytes;
    return Enqueue(std::move(collective), gate);
  }

  std::shared_ptr<Work> AllToAllv(const void* sent,
                                  std::vector<int64_t> sent_bytes,
                                  void* received,
                                  std::vector<int64_t> received_bytes,
                                  Gate gate) override {
    const size_t ranks = static_cast<size_t>(world_size());
    REPRISE_CHECK(sent_bytes.size() == ranks && received_bytes.size() == ranks)
        << "AllToAllv needs a size for each rank";
    Collective collective;
    collective.kind = Collective::Kind::kAllToAllv;
    collective.data = received;
    collective.sent = sent;
    collective.sent_bytes = std::move(sent_bytes);
    collective.received_bytes = std::move(received_bytes);
    return Enqueue(std::move(collective), gate);
  }

  std::shared_ptr<Work> Barrier() override {
    return Enqueue(Collective{}, Gate::kOpen);
  }

  void Abort(const absl::Status& status) override {
    REPRISE_CHECK(!status.ok()) << "Abort needs an error";
    engine_->Abort(status);
  }

  absl::Status Finalize() override {
    engine_->Finalize();
    if (thread_.joinable()) thread_.join();
    return engine_->failure();
  }

 private:
  std::shared_ptr<Work> Enqueue(Collective collective, Gate gate) {
    auto work = std::make_shared<QueuedWork>(engine_, std::move(collective),
                                             gate == Gate::kOpen);
    engine_->Enqueue(work);
    return work;
  }

  const std::shared_ptr<Engine> engine_;
  std::thread thread_;
};

}  // namespace

absl::StatusOr<std::unique_ptr<Communicator>> Communicator::Create(
    TransportFactory factory) {
  auto communicator = std::make_unique<QueuedCommunicator>(std::move(factory));
  REPRISE_RETURN_IF_ERROR(communicator->AwaitStart());
  return communicator;
}

absl::StatusOr<std::vector<std::string>> AllGatherStrings(
    Communicator& communicator, const std::string& mine) {
  const int64_t length = static_cast<int64_t>(mine.size());
  std::vector<int64_t> lengths(communicator.world_size());
  REPRISE_RETURN_IF_ERROR(
      communicator.AllGather(&length, sizeof(length), lengths.data())->Wait());
  const int64_t longest = *std::max_element(lengths.begin(), lengths.end());
  std::string padded = mine;
  padded.resize(longest);
  std::string all(longest * lengths.size(), '\0');
  REPRISE_RETURN_IF_ERROR(
      communicator.AllGather(padded.data(), longest, all.data())->Wait());
  std::vector<std::string> strings;
  for (size_t r = 0; r < lengths.size(); ++r) {
    strings.push_back(all.substr(r * longest, lengths[r]));
  }
  return strings;
}

absl::Status AgreeOnStatus(Communicator& communicator,
                           const absl::Status& local) {
  if (communicator.world_size() == 1) return local;
  int32_t failures = local.ok() ? 0 : 1;
  REPRISE_RETURN_IF_ERROR(
      communicator.AllReduce(&failures, 1, DType::kInt32, ReduceOp::kSum)
          ->Wait());
  if (failures == 0) return absl::OkStatus();
  // "<exit code> <status code> <message>", empty where all is well.
  const std::string mine =
      local.ok() ? ""
                 : absl::StrCat(static_cast<int>(ExitCodeOf(local)), " ",
                                local.raw_code(), " ", local.message());
  REPRISE_ASSIGN_OR_RETURN(const std::vector<std::string> all,
                           AllGatherStrings(communicator, mine));
  for (size_t rank = 0; rank < all.size(); ++rank) {
    if (all[rank].empty()) continue;
    const std::vector<std::string> parts =
        absl::StrSplit(all[rank], absl::MaxSplits(' ', 2));
    int exit_code = 0, status_code = 0;
    REPRISE_CHECK(parts.size() == 3 && absl::SimpleAtoi(parts[0], &exit_code) &&
                  absl::SimpleAtoi(parts[1], &status_code))
        << all[rank];
    return SharedByAllRanks(
        StatusWithExitCode(static_cast<absl::StatusCode>(status_code),
                           absl::StrCat("rank ", rank, ": ", parts[2]),
                           static_cast<ExitCode>(exit_code)));
  }
  return absl::InternalError("a rank failed without a status");
}

}  // namespace reprise
