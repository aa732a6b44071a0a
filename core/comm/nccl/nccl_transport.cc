#include "core/comm/nccl/nccl_transport.h"

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <cstdlib>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "core/base/check.h"
#include "core/base/status.h"
#include "core/comm/transport.h"

namespace reprise {
namespace {

// What is pinned: variable, value.
constexpr const char* kPinned[][2] = {{"NCCL_ALGO", "Ring"},
                                      {"NCCL_NVLS_ENABLE", "0"}};

// A call that is in progress is over when NCCL's thread has enqueued it, after
// some 20 us; or, where it makes connections, later.
constexpr absl::Duration kSpin = absl::Microseconds(100);
constexpr absl::Duration kNap = absl::Microseconds(50);
// How long a rank that waits for others does not ask how they are.
constexpr absl::Duration kRound = absl::Milliseconds(100);
constexpr absl::Duration kNapOfMeeting = absl::Milliseconds(1);

NcclType TypeOf(DType dtype) {
  switch (dtype) {
    case DType::kUint8:
      return kNcclUint8;
    case DType::kInt32:
      return kNcclInt32;
    case DType::kInt64:
      return kNcclInt64;
    case DType::kFloat16:
      return kNcclFloat16;
    case DType::kBFloat16:
      return kNcclBFloat16;
    case DType::kFloat32:
      return kNcclFloat32;
    case DType::kFloat64:
      return kNcclFloat64;
  }
  return kNcclUint8;
}

NcclOp OpOf(ReduceOp op) {
  switch (op) {
    case ReduceOp::kSum:
      return kNcclSum;
    case ReduceOp::kMax:
      return kNcclMax;
    case ReduceOp::kMin:
      return kNcclMin;
  }
  return kNcclSum;
}

// Events of one device, used again and again, and its primary context, which it
// holds as long as anybody has one of them. Thread-safe.
class EventPool {
 public:
  // `context` has been retained for it.
  EventPool(const DeviceApi& api, int device, CudaContext context)
      : api_(api), device_(device), context_(context) {}
  EventPool(const EventPool&) = delete;
  ~EventPool() {
    api_.cuCtxSetCurrent(context_);
    for (CudaEvent event : free_) api_.cuEventDestroy_v2(event);
    api_.cuDevicePrimaryCtxRelease_v2(device_);
  }

  // Records an event on `stream`, in the context that this sets on the calling
  // thread: the device's primary one, which LibTorch uses, too.
  absl::StatusOr<CudaEvent> Record(CudaStream stream) {
    REPRISE_RETURN_IF_ERROR(
        api_.FromCuda(api_.cuCtxSetCurrent(context_), "cuCtxSetCurrent"));
    CudaEvent event = nullptr;
    {
      std::lock_guard<std::mutex> lock(mutex_);
      if (!free_.empty()) {
        event = free_.back();
        free_.pop_back();
      }
    }
    if (event == nullptr) {
      REPRISE_RETURN_IF_ERROR(api_.FromCuda(
          api_.cuEventCreate(&event, kCudaEventDefault), "cuEventCreate"));
    }
    const absl::Status recorded =
        api_.FromCuda(api_.cuEventRecord(event, stream), "cuEventRecord");
    if (recorded.ok()) return event;
    Return(event);
    return recorded;
  }

  void Return(CudaEvent event) {
    std::lock_guard<std::mutex> lock(mutex_);
    free_.push_back(event);
  }

 private:
  const DeviceApi& api_;
  const int device_;
  const CudaContext context_;
  std::mutex mutex_;
  std::vector<CudaEvent> free_;
};

// A recorded event, or why there is none.
class Recorded {
 public:
  Recorded(std::shared_ptr<EventPool> pool, CudaStream stream)
      : pool_(std::move(pool)), event_(pool_->Record(stream)) {}
  Recorded(const Recorded&) = delete;
  ~Recorded() {
    if (event_.ok()) pool_->Return(*event_);
  }

  absl::Status status() const { return event_.status(); }
  CudaEvent event() const { return *event_; }

 private:
  const std::shared_ptr<EventPool> pool_;
  const absl::StatusOr<CudaEvent> event_;
};

// While it lives, other threads' captures of graphs are none of this thread's:
// asking for an event would else break them.
class BesideCaptures {
 public:
  explicit BesideCaptures(const DeviceApi& api) : api_(api) {
    api_.cuThreadExchangeStreamCaptureMode(&mode_);
  }
  BesideCaptures(const BesideCaptures&) = delete;
  ~BesideCaptures() { api_.cuThreadExchangeStreamCaptureMode(&mode_); }

 private:
  const DeviceApi& api_;
  int mode_ = kCudaCaptureThreadLocal;
};

struct Place {
  int rank = 0, world_size = 1, local_rank = 0, local_size = 1;
  int device = 0;
};

class NcclTransport final : public Transport {
 public:
  NcclTransport(const DeviceApi& api, const Place& place,
                std::function<CudaStream()> compute_stream)
      : api_(api), place_(place), compute_stream_(std::move(compute_stream)) {}

  ~NcclTransport() override {
    if (events_ == nullptr) return;
    api_.cuCtxSetCurrent(context_);
    Drop();
    if (barrier_ != 0) api_.cuMemFree_v2(barrier_);
    if (stream_ != nullptr) api_.cuStreamDestroy_v2(stream_);
  }

  // What this rank needs for itself.
  absl::Status OpenDevice() {
    REPRISE_RETURN_IF_ERROR(api_.FromCuda(api_.cuInit(0), "cuInit"));
    REPRISE_RETURN_IF_ERROR(api_.FromCuda(
        api_.cuDeviceGet(&device_, place_.device), "cuDeviceGet"));
    REPRISE_RETURN_IF_ERROR(
        api_.FromCuda(api_.cuDevicePrimaryCtxRetain(&context_, device_),
                      "cuDevicePrimaryCtxRetain"));
    events_ = std::make_shared<EventPool>(api_, device_, context_);
    REPRISE_RETURN_IF_ERROR(
        api_.FromCuda(api_.cuCtxSetCurrent(context_), "cuCtxSetCurrent"));
    // A collective that is late holds up a step; it takes few of the device's
    // processors.
    int least = 0, greatest = 0;
    REPRISE_RETURN_IF_ERROR(
        api_.FromCuda(api_.cuCtxGetStreamPriorityRange(&least, &greatest),
                      "cuCtxGetStreamPriorityRange"));
    REPRISE_RETURN_IF_ERROR(
        api_.FromCuda(api_.cuStreamCreateWithPriority(
                          &stream_, kCudaStreamNonBlocking, greatest),
                      "cuStreamCreateWithPriority"));
    REPRISE_RETURN_IF_ERROR(api_.FromCuda(
        api_.cuMemAlloc_v2(&barrier_, sizeof(int32_t)), "cuMemAlloc"));
    return absl::OkStatus();
  }

  // Begins to meet the other ranks: only once all have opened their devices.
  absl::Status Meet(const NcclId& id) {
    REPRISE_RETURN_IF_ERROR(
        api_.FromCuda(api_.cuCtxSetCurrent(context_), "cuCtxSetCurrent"));
    int version = 0;
    REPRISE_RETURN_IF_ERROR(api_.FromNccl(api_.ncclGetVersion(&version),
                                          "ncclGetVersion", nullptr));
    description_ = absl::StrCat("nccl: ", version / 10000, ".",
                                version / 100 % 100, ".", version % 100);
    for (const auto& [variable, value] : kPinned) {
      const char* const set = getenv(variable);
      absl::StrAppend(&description_, ", ", variable, "=",
                      set == nullptr ? "" : set);
    }
    NcclConfig config;
    config.blocking = 0;
    return Begun(api_.ncclCommInitRankConfig(&comm_, place_.world_size, id,
                                             place_.rank, &config),
                 "ncclCommInitRankConfig");
  }

  // After Meet, again and again: whether this rank has met the others and is
  // connected with them. Does not wait.
  absl::StatusOr<bool> HasMet() {
    REPRISE_RETURN_IF_ERROR(
        api_.FromCuda(api_.cuCtxSetCurrent(context_), "cuCtxSetCurrent"));
    const char* const call = meeting_ == Meeting::kMeets
                                 ? "ncclCommInitRankConfig"
                                 : "the first AllReduce";
    REPRISE_ASSIGN_OR_RETURN(const bool idle, IsIdle(call));
    if (!idle) return false;
    switch (meeting_) {
      case Meeting::kMeets:
        // NCCL connects ranks in their first collective.
        REPRISE_RETURN_IF_ERROR(Begun(EnqueueBarrier(), "ncclAllReduce"));
        meeting_ = Meeting::kConnects;
        return false;
      case Meeting::kConnects:
        latest_ = std::make_shared<const Recorded>(events_, stream_);
        REPRISE_RETURN_IF_ERROR(latest_->status());
        meeting_ = Meeting::kSums;
        return false;
      case Meeting::kSums:
        break;
    }
    REPRISE_ASSIGN_OR_RETURN(const bool summed, IsReached(*latest_));
    if (summed) latest_time_ = absl::Now();
    return summed;
  }

  int rank() const override { return place_.rank; }
  int world_size() const override { return place_.world_size; }
  int local_rank() const override { return place_.local_rank; }
  int local_size() const override { return place_.local_size; }
  // Hosts of GPUs have a core for each rank.
  int local_cores() const override { return place_.local_size; }
  std::string Describe() const override { return description_; }

  std::shared_ptr<const void> NoteReady() override {
    return std::make_shared<const Recorded>(events_, compute_stream_());
  }

  absl::StatusOr<std::unique_ptr<Pending>> Start(
      const Collective& collective) override {
    REPRISE_RETURN_IF_ERROR(
        api_.FromCuda(api_.cuCtxSetCurrent(context_), "cuCtxSetCurrent"));
    const BesideCaptures beside(api_);
    auto pending = std::make_unique<Enqueued>(*this);
    pending->ready = std::static_pointer_cast<const Recorded>(collective.ready);
    REPRISE_CHECK(pending->ready != nullptr)
        << "a collective of no opened Work";
    REPRISE_RETURN_IF_ERROR(pending->ready->status());
    REPRISE_RETURN_IF_ERROR(api_.FromCuda(
        api_.cuStreamWaitEvent(stream_, pending->ready->event(), 0),
        "cuStreamWaitEvent"));
    REPRISE_ASSIGN_OR_RETURN(pending->begun, RecordOnStream());
    REPRISE_RETURN_IF_ERROR(Enqueue(collective));
    REPRISE_ASSIGN_OR_RETURN(pending->complete, RecordOnStream());
    return pending;
  }

  void Interrupt() override { interrupted_ = true; }

  void Abort(const absl::Status&) override {
    api_.cuCtxSetCurrent(context_);
    Drop();
  }

  absl::Status Finalize() override {
    REPRISE_RETURN_IF_ERROR(
        api_.FromCuda(api_.cuCtxSetCurrent(context_), "cuCtxSetCurrent"));
    REPRISE_RETURN_IF_ERROR(api_.FromCuda(api_.cuStreamSynchronize(stream_),
                                          "cuStreamSynchronize"));
    REPRISE_RETURN_IF_ERROR(
        Settled(api_.ncclCommFinalize(comm_), "ncclCommFinalize"));
    NcclComm comm = std::exchange(comm_, nullptr);
    return api_.FromNccl(api_.ncclCommDestroy(comm), "ncclCommDestroy",
                         nullptr);
  }

 private:
  struct Enqueued final : public Pending {
    explicit Enqueued(NcclTransport& transport)
        : transport(transport), number(transport.started_++) {}

    absl::StatusOr<bool> Test() override {
      const DeviceApi& api = transport.api_;
      REPRISE_RETURN_IF_ERROR(api.FromCuda(
          api.cuCtxSetCurrent(transport.context_), "cuCtxSetCurrent"));
      const BesideCaptures beside(api);
      const absl::Time asked = absl::Now();
      REPRISE_ASSIGN_OR_RETURN(const bool reached,
                               transport.IsReached(*complete));
      if (!reached) not_before = asked;
      if (reached && number == transport.completed_) {
        REPRISE_ASSIGN_OR_RETURN(times, transport.TimesOf(*this));
        ++transport.completed_;
        return true;
      }
      // One before it may be so since it was asked: they are told in order.
      REPRISE_RETURN_IF_ERROR(transport.IsIdle("a collective").status());
      return false;
    }

    std::optional<CollectiveTimes> Times() const override { return times; }

    NcclTransport& transport;
    const int64_t number;
    std::shared_ptr<const Recorded> ready, begun, complete;
    absl::Time not_before = absl::InfinitePast();  // it was not complete then
    std::optional<CollectiveTimes> times;
  };

  absl::StatusOr<std::shared_ptr<const Recorded>> RecordOnStream() {
    auto recorded = std::make_shared<const Recorded>(events_, stream_);
    REPRISE_RETURN_IF_ERROR(recorded->status());
    return recorded;
  }

  absl::StatusOr<bool> IsReached(const Recorded& recorded) const {
    const int result = api_.cuEventQuery(recorded.event());
    if (result == kCudaNotReady) return false;
    REPRISE_RETURN_IF_ERROR(api_.FromCuda(result, "cuEventQuery"));
    return true;
  }

  // Of one that is complete, the latest so far. From the one before, whose time
  // is known: a float of milliseconds is exact over short times only.
  absl::StatusOr<CollectiveTimes> TimesOf(const Enqueued& one) {
    const auto until_complete =
        [&](const Recorded& from) -> absl::StatusOr<absl::Duration> {
      float milliseconds = 0;
      REPRISE_RETURN_IF_ERROR(
          api_.FromCuda(api_.cuEventElapsedTime(&milliseconds, from.event(),
                                                one.complete->event()),
                        "cuEventElapsedTime"));
      return absl::Milliseconds(milliseconds);
    };
    REPRISE_ASSIGN_OR_RETURN(const absl::Duration since_latest,
                             until_complete(*latest_));
    REPRISE_ASSIGN_OR_RETURN(const absl::Duration since_ready,
                             until_complete(*one.ready));
    REPRISE_ASSIGN_OR_RETURN(const absl::Duration since_begun,
                             until_complete(*one.begun));
    CollectiveTimes times;
    // Clocks drift: it has ended between two tests.
    times.completed = std::min(
        std::max(latest_time_ + since_latest, one.not_before), absl::Now());
    times.ready = times.completed - since_ready;
    times.begun = times.completed - since_begun;
    latest_ = one.complete;
    latest_time_ = times.completed;
    return times;
  }

  // Whether NCCL has nothing of this communicator's calls in progress; the
  // error that one of them has come to, or that was found since.
  absl::StatusOr<bool> IsIdle(const char* call) const {
    int state = kNcclSuccess;
    REPRISE_RETURN_IF_ERROR(
        api_.FromNccl(api_.ncclCommGetAsyncError(comm_, &state),
                      "ncclCommGetAsyncError", comm_));
    if (state == kNcclInProgress) return false;
    REPRISE_RETURN_IF_ERROR(api_.FromNccl(state, call, comm_));
    return true;
  }

  // Of what `call` gave: OK if it is done or in progress.
  absl::Status Begun(int result, const char* call) const {
    if (result == kNcclInProgress) return absl::OkStatus();
    return api_.FromNccl(result, call, comm_);
  }

  // What `call`, which gave `result`, comes to in the end: on devices, all of
  // it is enqueued then.
  absl::Status Settled(int result, const char* call) const {
    REPRISE_RETURN_IF_ERROR(Begun(result, call));
    if (result != kNcclInProgress) return absl::OkStatus();
    const absl::Time spin_end = absl::Now() + kSpin;
    while (true) {
      REPRISE_ASSIGN_OR_RETURN(const bool idle, IsIdle(call));
      if (idle) return absl::OkStatus();
      if (interrupted_) {
        return DistributedError(
            absl::StrCat(call, " was given up: the communicator is aborted"));
      }
      if (absl::Now() > spin_end) absl::SleepFor(kNap);
    }
  }

  // Ends what is under way: after it the buffers are the caller's again.
  void Drop() {
    if (comm_ == nullptr) return;
    api_.ncclCommAbort(std::exchange(comm_, nullptr));
    api_.cuStreamSynchronize(stream_);
  }

  int EnqueueBarrier() {
    void* const value = reinterpret_cast<void*>(barrier_);
    return api_.ncclAllReduce(value, value, 1, kNcclInt32, kNcclMax, comm_,
                              stream_);
  }

  absl::Status Enqueue(const Collective& collective) {
    void* const data = collective.data;
    switch (collective.kind) {
      case Collective::Kind::kBarrier:
        return Settled(EnqueueBarrier(), "ncclAllReduce");
      case Collective::Kind::kAllReduce:
        return Settled(api_.ncclAllReduce(data, data, collective.count,
                                          TypeOf(collective.dtype),
                                          OpOf(collective.op), comm_, stream_),
                       "ncclAllReduce");
      case Collective::Kind::kBroadcast:
        return Settled(
            api_.ncclBroadcast(data, data, collective.count, kNcclUint8,
                               collective.root, comm_, stream_),
            "ncclBroadcast");
      case Collective::Kind::kAllGather:
        return Settled(
            api_.ncclAllGather(collective.sent, data, collective.count,
                               kNcclUint8, comm_, stream_),
            "ncclAllGather");
      case Collective::Kind::kAllToAllv:
        return Exchange(collective);
    }
    return absl::OkStatus();
  }

  absl::Status Exchange(const Collective& collective) {
    const int64_t to_self = collective.sent_bytes[place_.rank];
    const int64_t from_self = collective.received_bytes[place_.rank];
    if (to_self != from_self) {
      return DistributedError(
          absl::StrCat("AllToAllv: rank ", place_.rank, " sends ", to_self,
                       " bytes to itself and expects ", from_self));
    }
    REPRISE_RETURN_IF_ERROR(
        api_.FromNccl(api_.ncclGroupStart(), "ncclGroupStart", comm_));
    int result = kNcclSuccess;
    const char* call = "ncclSend";
    const char* sent = static_cast<const char*>(collective.sent);
    char* received = static_cast<char*>(collective.data);
    for (int peer = 0; peer < place_.world_size; ++peer) {
      const int64_t out = collective.sent_bytes[peer];
      const int64_t in = collective.received_bytes[peer];
      if (Begun(result, call).ok() && out > 0) {
        call = "ncclSend";
        result = api_.ncclSend(sent, out, kNcclUint8, peer, comm_, stream_);
      }
      if (Begun(result, call).ok() && in > 0) {
        call = "ncclRecv";
        result = api_.ncclRecv(received, in, kNcclUint8, peer, comm_, stream_);
      }
      sent += out;
      received += in;
    }
    // A group that was begun is ended, whatever happened in it.
    const int ended = api_.ncclGroupEnd();
    REPRISE_RETURN_IF_ERROR(Begun(result, call));
    return Settled(ended, "ncclGroupEnd");
  }

  enum class Meeting { kMeets, kConnects, kSums };

  const DeviceApi& api_;
  const Place place_;
  const std::function<CudaStream()> compute_stream_;
  int device_ = 0;
  CudaContext context_ = nullptr;
  CudaStream stream_ = nullptr;
  CudaPointer barrier_ = 0;  // one int32
  NcclComm comm_ = nullptr;  // nullptr once it is gone
  std::shared_ptr<EventPool> events_;
  std::string description_;
  Meeting meeting_ = Meeting::kMeets;
  std::atomic<bool> interrupted_{false};
  int64_t started_ = 0, completed_ = 0;  // collectives, the latter as told
  // The end of the last collective that is known to be complete.
  std::shared_ptr<const Recorded> latest_;
  absl::Time latest_time_;
};

// Collective: until `is_done` is so on all ranks, or fails on one, or the time
// is over. Meanwhile each rank asks the others how they are: none is left to
// wait for one that has failed.
absl::Status AwaitTogether(Communicator& host, absl::Duration time_limit,
                           const std::function<absl::StatusOr<bool>()>& is_done,
                           const char* what) {
  const absl::Time end = absl::Now() + time_limit;
  absl::StatusOr<bool> done = false;
  enum { kFailed, kWaiting, kLate, kNumCounts };
  while (true) {
    const absl::Time round_end = absl::Now() + kRound;
    while (done.ok() && !*done && absl::Now() < round_end) {
      done = is_done();
      if (done.ok() && !*done) absl::SleepFor(kNapOfMeeting);
    }
    const bool waits = done.ok() && !*done;
    int32_t ranks[kNumCounts] = {};
    ranks[kFailed] = done.ok() ? 0 : 1;
    ranks[kWaiting] = waits ? 1 : 0;
    ranks[kLate] = waits && absl::Now() >= end ? 1 : 0;
    REPRISE_RETURN_IF_ERROR(
        host.AllReduce(ranks, kNumCounts, DType::kInt32, ReduceOp::kSum)
            ->Wait());
    if (ranks[kFailed] > 0 || ranks[kWaiting] == 0) {
      return AgreeOnStatus(host, done.status());
    }
    if (ranks[kLate] == 0) continue;
    return AgreeOnStatus(
        host, waits ? DistributedError(absl::StrCat(
                          what, " has not ended within ",
                          absl::FormatDuration(time_limit), " on ",
                          ranks[kWaiting], " of ", host.world_size(),
                          " ranks; NCCL_DEBUG=INFO shows what it waits for"))
                    : absl::OkStatus());
  }
}

}  // namespace

void PinNcclAlgorithms() {
  for (const auto& [variable, value] : kPinned) {
    setenv(variable, value, /*overwrite=*/0);
  }
}

absl::StatusOr<std::unique_ptr<Communicator>> CreateNcclCommunicator(
    const DeviceApi& api, int device, Communicator& host,
    const NcclOptions& options) {
  const Place place = {host.rank(), host.world_size(), host.local_rank(),
                       host.local_size(), device};
  auto transport =
      std::make_unique<NcclTransport>(api, place, options.compute_stream);
  absl::Status opened = transport->OpenDevice();
  NcclId id = {};
  if (opened.ok() && host.rank() == 0) {
    opened = api.FromNccl(api.ncclGetUniqueId(&id), "ncclGetUniqueId", nullptr);
  }
  REPRISE_RETURN_IF_ERROR(AgreeOnStatus(host, opened));
  REPRISE_RETURN_IF_ERROR(host.Broadcast(&id, sizeof(id), /*root=*/0)->Wait());
  const absl::Status begun = transport->Meet(id);
  REPRISE_RETURN_IF_ERROR(AwaitTogether(
      host, options.time_limit,
      [&]() -> absl::StatusOr<bool> {
        REPRISE_RETURN_IF_ERROR(begun);
        return transport->HasMet();
      },
      "connecting the ranks' GPUs by NCCL"));
  return Communicator::Create(
      [&]() -> absl::StatusOr<std::unique_ptr<Transport>> {
        if (!options.decorator) return std::move(transport);
        return options.decorator(std::move(transport));
      });
}

}  // namespace reprise
