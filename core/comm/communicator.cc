#include "core/comm/communicator.h"

#include <sys/prctl.h>

#include <algorithm>
#include <condition_variable>
#include <deque>
#include <mutex>
#include <string>
#include <thread>
#include <utility>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/time/clock.h"
#include "core/base/check.h"
#include "core/base/status.h"

namespace reprise {
namespace {

// More in flight would not speed up a step's few buckets, and bounds the
// requests that a transport tests in each round.
constexpr size_t kMaxInFlight = 4;

// Ranks and compute threads share the cores: after a few tests without result
// the communication thread naps after each test, longer the longer nothing
// happens. Naps, not sched_yield: with all cores busy, yielding cost 8 ms per
// small collective, since each yield gives away a time slice; naps cost 0.2 ms.
constexpr int kSpins = 50;
constexpr absl::Duration kShortestNap = absl::Microseconds(20);
constexpr absl::Duration kLongestNap = absl::Microseconds(100);

class QueuedCommunicator;

// The part of the state that outlives the communicator in its Works.
struct Shared {
  std::mutex mutex;
  std::condition_variable changed;
  absl::Status failure;  // the first one; then nothing more is issued
  // The communication thread has left its loop: it touches no buffer any more.
  bool stopped = false;
  // Of the communicator; nullptr before it is made and once that is stopped.
  Transport* transport = nullptr;
};

class QueuedWork final : public Work {
 public:
  QueuedWork(std::shared_ptr<Shared> shared, Collective collective, bool open)
      : shared_(std::move(shared)),
        collective_(std::move(collective)),
        open_(open) {}

  void Open() override {
    std::lock_guard<std::mutex> lock(shared_->mutex);
    if (open_) return;
    NoteReady();
    open_ = true;
    shared_->changed.notify_all();
  }

  absl::Status Wait() override {
    std::unique_lock<std::mutex> lock(shared_->mutex);
    // Not before stopped: the caller may free its buffers once this returns.
    shared_->changed.wait(lock, [&] { return done_ || shared_->stopped; });
    return done_ ? absl::OkStatus() : shared_->failure;
  }

  bool Done() const override {
    std::lock_guard<std::mutex> lock(shared_->mutex);
    return done_;
  }

  absl::Time issued() const override { return issued_; }
  absl::Time completed() const override { return completed_; }

 private:
  friend class QueuedCommunicator;

  // Under shared_->mutex.
  void NoteReady() {
    if (shared_->transport == nullptr) return;
    collective_.ready = shared_->transport->NoteReady();
  }

  const std::shared_ptr<Shared> shared_;
  Collective collective_;  // as it is once it is open
  // Guarded by shared_->mutex.
  bool open_;
  bool done_ = false;
  // Written by the communication thread before done_.
  absl::Time issued_, completed_;
};

class QueuedCommunicator final : public Communicator {
 public:
  explicit QueuedCommunicator(TransportFactory factory)
      : shared_(std::make_shared<Shared>()),
        thread_([this, factory = std::move(factory)] { Run(factory); }) {}

  ~QueuedCommunicator() override {
    if (!thread_.joinable()) return;
    {
      std::lock_guard<std::mutex> lock(shared_->mutex);
      abandoned_ = true;
      shared_->changed.notify_all();
    }
    thread_.join();
  }

  absl::Status AwaitStart() {
    std::unique_lock<std::mutex> lock(shared_->mutex);
    shared_->changed.wait(lock, [&] { return started_ || shared_->stopped; });
    return shared_->failure;
  }

  int rank() const override { return transport_->rank(); }
  int world_size() const override { return transport_->world_size(); }
  int local_rank() const override { return transport_->local_rank(); }
  int local_size() const override { return transport_->local_size(); }
  std::string Describe() const override { return transport_->Describe(); }

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
    std::unique_lock<std::mutex> lock(shared_->mutex);
    if (shared_->failure.ok() && !shared_->stopped) shared_->failure = status;
    shared_->changed.notify_all();
    shared_->changed.wait(lock, [&] { return shared_->stopped; });
  }

  absl::Status Finalize() override {
    {
      std::lock_guard<std::mutex> lock(shared_->mutex);
      finalize_ = true;
      shared_->changed.notify_all();
    }
    if (thread_.joinable()) thread_.join();
    std::lock_guard<std::mutex> lock(shared_->mutex);
    return shared_->failure;
  }

 private:
  struct InFlight {
    std::shared_ptr<QueuedWork> work;
    std::unique_ptr<Transport::Pending> pending;
  };

  std::shared_ptr<Work> Enqueue(Collective collective, Gate gate) {
    auto work = std::make_shared<QueuedWork>(shared_, std::move(collective),
                                             gate == Gate::kOpen);
    std::lock_guard<std::mutex> lock(shared_->mutex);
    REPRISE_CHECK(!finalize_) << "a collective after Finalize";
    if (gate == Gate::kOpen) work->NoteReady();
    queue_.push_back(work);
    shared_->changed.notify_all();
    return work;
  }

  // The communication thread.
  void Run(const TransportFactory& factory) {
    const absl::Status status = RunTransport(factory);
    std::lock_guard<std::mutex> lock(shared_->mutex);
    if (shared_->failure.ok()) shared_->failure = status;
    shared_->stopped = true;
    shared_->transport = nullptr;
    shared_->changed.notify_all();
  }

  absl::Status RunTransport(const TransportFactory& factory) {
    // Naps of this thread would be 50 us longer than asked for.
    prctl(PR_SET_TIMERSLACK, /*nanoseconds=*/1000, 0, 0, 0);
    REPRISE_ASSIGN_OR_RETURN(std::unique_ptr<Transport> transport, factory());
    {
      std::lock_guard<std::mutex> lock(shared_->mutex);
      transport_ = std::move(transport);
      shared_->transport = transport_.get();
      started_ = true;
      shared_->changed.notify_all();
    }
    std::vector<InFlight> in_flight;
    absl::Status status = Serve(in_flight);
    if (status.ok()) status = transport_->Finalize();
    if (status.ok()) return status;
    bool abandoned;
    {
      std::lock_guard<std::mutex> lock(shared_->mutex);
      abandoned = abandoned_;
    }
    // Before what is in flight goes, so that the reason is what others hear.
    if (!abandoned) transport_->Abort(status);
    in_flight.clear();
    return status;
  }

  // Issues and completes collectives until the end; the first failure.
  absl::Status Serve(std::vector<InFlight>& in_flight) {
    int idle_rounds = 0;
    while (true) {
      std::shared_ptr<QueuedWork> next;
      {
        std::unique_lock<std::mutex> lock(shared_->mutex);
        if (in_flight.empty()) {
          shared_->changed.wait(lock, [&] {
            return !shared_->failure.ok() || abandoned_ || HeadIsOpen() ||
                   (finalize_ && queue_.empty());
          });
        }
        if (!shared_->failure.ok()) return shared_->failure;
        if (abandoned_) {
          return absl::CancelledError(
              "the communicator was destroyed before Finalize");
        }
        if (HeadIsOpen() && in_flight.size() < kMaxInFlight) {
          next = std::move(queue_.front());
          queue_.pop_front();
        } else if (finalize_ && queue_.empty() && in_flight.empty()) {
          return absl::OkStatus();
        }
      }
      if (next != nullptr) {
        next->issued_ = absl::Now();
        REPRISE_ASSIGN_OR_RETURN(std::unique_ptr<Transport::Pending> pending,
                                 transport_->Start(next->collective_));
        next->collective_.ready = nullptr;
        in_flight.push_back({std::move(next), std::move(pending)});
        idle_rounds = 0;
      }
      bool progressed = false;
      for (auto it = in_flight.begin(); it != in_flight.end();) {
        REPRISE_ASSIGN_OR_RETURN(const bool done, it->pending->Test());
        if (!done) {
          ++it;
          continue;
        }
        it->work->completed_ = absl::Now();
        {
          std::lock_guard<std::mutex> lock(shared_->mutex);
          it->work->done_ = true;
          shared_->changed.notify_all();
        }
        it = in_flight.erase(it);
        progressed = true;
      }
      idle_rounds = progressed ? 0 : idle_rounds + 1;
      if (in_flight.empty() || idle_rounds < kSpins) continue;
      absl::SleepFor(
          std::min(kShortestNap * (idle_rounds / kSpins), kLongestNap));
    }
  }

  bool HeadIsOpen() const { return !queue_.empty() && queue_.front()->open_; }

  const std::shared_ptr<Shared> shared_;
  // Made by the communication thread before started_.
  std::unique_ptr<Transport> transport_;
  // Guarded by shared_->mutex.
  std::deque<std::shared_ptr<QueuedWork>> queue_;
  bool started_ = false, finalize_ = false, abandoned_ = false;
  std::thread thread_;  // last: it uses all of the above
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
