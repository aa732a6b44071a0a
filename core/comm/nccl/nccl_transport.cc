#include "core/comm/nccl/nccl_transport.h"

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "core/base/check.h"
#include "core/base/dtype.h"
#include "core/base/status.h"
#include "core/comm/agreement.h"
#include "core/comm/collective.h"
#include "core/comm/nccl/device_events.h"
#include "core/comm/nccl/nccl_types.h"
#include "core/comm/nccl/nonblocking_comm.h"
#include "core/comm/transport.h"

namespace reprise {
namespace {

// What is pinned: variable, value.
constexpr const char* kPinned[][2] = {{"NCCL_ALGO", "Ring"},
                                      {"NCCL_NVLS_ENABLE", "0"}};

// How long a rank that waits for others does not ask how they are.
constexpr absl::Duration kRound = absl::Milliseconds(100);
constexpr absl::Duration kNapOfMeeting = absl::Milliseconds(1);

class NcclTransport final : public Transport {
 public:
  // `info` lacks the description.
  NcclTransport(const DeviceApi& api, RankInfo info, int device_number,
                std::function<CudaStream()> compute_stream)
      : api_(api),
        device_number_(device_number),
        compute_stream_(std::move(compute_stream)),
        info_(std::move(info)),
        comm_(api) {}

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
        api_.cuDeviceGet(&device_, device_number_), "cuDeviceGet"));
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
    info_.description = absl::StrCat("nccl: ", version / 10000, ".",
                                     version / 100 % 100, ".", version % 100);
    for (const auto& [variable, value] : kPinned) {
      const char* const set = getenv(variable);
      absl::StrAppend(&info_.description, ", ", variable, "=",
                      set == nullptr ? "" : set);
    }
    return comm_.Init(id, info_.rank, info_.world_size);
  }

  // After Meet, again and again until it gives true: whether this rank has met
  // the others and is connected with them. Does not wait.
  absl::StatusOr<bool> HasMet() {
    REPRISE_RETURN_IF_ERROR(
        api_.FromCuda(api_.cuCtxSetCurrent(context_), "cuCtxSetCurrent"));
    const char* const call = meeting_ == Meeting::kMeets
                                 ? "ncclCommInitRankConfig"
                                 : "the first AllReduce";
    REPRISE_ASSIGN_OR_RETURN(const bool idle, comm_.IsIdle(call));
    if (!idle) return false;
    switch (meeting_) {
      case Meeting::kMeets:
        // NCCL connects ranks in their first collective.
        REPRISE_RETURN_IF_ERROR(comm_.Begun(EnqueueBarrier(), "ncclAllReduce"));
        meeting_ = Meeting::kConnects;
        return false;
      case Meeting::kConnects: {
        REPRISE_ASSIGN_OR_RETURN(summed_, RecordOnStream());
        meeting_ = Meeting::kSums;
        return false;
      }
      case Meeting::kSums:
        break;
    }
    REPRISE_ASSIGN_OR_RETURN(const bool summed, summed_->IsReached());
    if (summed) clock_.Start(std::move(summed_));
    return summed;
  }

  const RankInfo& info() const override { return info_; }

  std::shared_ptr<const void> NoteReady() override {
    return std::make_shared<const RecordedEvent>(events_, compute_stream_());
  }

  absl::StatusOr<std::unique_ptr<Pending>> Start(
      const Collective& collective) override {
    REPRISE_RETURN_IF_ERROR(
        api_.FromCuda(api_.cuCtxSetCurrent(context_), "cuCtxSetCurrent"));
    const BesideCaptures beside(api_);
    auto pending = std::make_unique<Enqueued>(*this);
    pending->ready =
        std::static_pointer_cast<const RecordedEvent>(collective.ready);
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

  void Interrupt() override { comm_.Interrupt(); }

  void Abort(const absl::Status&) override {
    api_.cuCtxSetCurrent(context_);
    Drop();
  }

  absl::Status Finalize() override {
    REPRISE_RETURN_IF_ERROR(
        api_.FromCuda(api_.cuCtxSetCurrent(context_), "cuCtxSetCurrent"));
    REPRISE_RETURN_IF_ERROR(api_.FromCuda(api_.cuStreamSynchronize(stream_),
                                          "cuStreamSynchronize"));
    return comm_.Finalize();
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
      REPRISE_ASSIGN_OR_RETURN(const bool reached, complete->IsReached());
      if (!reached) not_before = asked;
      if (reached && number == transport.completed_) {
        REPRISE_ASSIGN_OR_RETURN(
            times,
            transport.clock_.TimesOf(*ready, *begun, complete, not_before));
        ++transport.completed_;
        return true;
      }
      // One before it may be so since it was asked: they are told in order.
      REPRISE_RETURN_IF_ERROR(transport.comm_.IsIdle("a collective").status());
      return false;
    }

    std::optional<CollectiveTimes> Times() const override { return times; }

    NcclTransport& transport;
    const int64_t number;
    std::shared_ptr<const RecordedEvent> ready, begun, complete;
    absl::Time not_before = absl::InfinitePast();  // it was not complete then
    std::optional<CollectiveTimes> times;
  };

  absl::StatusOr<std::shared_ptr<const RecordedEvent>> RecordOnStream() {
    auto recorded = std::make_shared<const RecordedEvent>(events_, stream_);
    REPRISE_RETURN_IF_ERROR(recorded->status());
    return recorded;
  }

  // Ends what is under way: after it the buffers are the caller's again.
  void Drop() {
    if (comm_.Abort()) api_.cuStreamSynchronize(stream_);
  }

  int EnqueueBarrier() {
    void* const value = reinterpret_cast<void*>(barrier_);
    return api_.ncclAllReduce(value, value, 1, kNcclInt32, kNcclMax,
                              comm_.get(), stream_);
  }

  absl::Status Enqueue(const Collective& collective) {
    void* const data = collective.data;
    switch (collective.kind) {
      case Collective::Kind::kBarrier:
        return comm_.Settled(EnqueueBarrier(), "ncclAllReduce");
      case Collective::Kind::kAllReduce:
        return comm_.Settled(
            api_.ncclAllReduce(data, data, collective.count,
                               NcclTypeOf(collective.dtype),
                               NcclOpOf(collective.op), comm_.get(), stream_),
            "ncclAllReduce");
      case Collective::Kind::kBroadcast:
        return comm_.Settled(
            api_.ncclBroadcast(data, data, collective.count, kNcclUint8,
                               collective.root, comm_.get(), stream_),
            "ncclBroadcast");
      case Collective::Kind::kAllGather:
        return comm_.Settled(
            api_.ncclAllGather(collective.sent, data, collective.count,
                               kNcclUint8, comm_.get(), stream_),
            "ncclAllGather");
      case Collective::Kind::kAllToAllv:
        return Exchange(collective);
    }
    return absl::OkStatus();
  }

  absl::Status Exchange(const Collective& collective) {
    const int64_t to_self = collective.sent_bytes[info_.rank];
    const int64_t from_self = collective.received_bytes[info_.rank];
    if (to_self != from_self) {
      return DistributedError(
          absl::StrCat("AllToAllv: rank ", info_.rank, " sends ", to_self,
                       " bytes to itself and expects ", from_self));
    }
    REPRISE_RETURN_IF_ERROR(
        api_.FromNccl(api_.ncclGroupStart(), "ncclGroupStart", comm_.get()));
    int result = kNcclSuccess;
    const char* call = "ncclSend";
    const char* sent = static_cast<const char*>(collective.sent);
    char* received = static_cast<char*>(collective.data);
    for (int peer = 0; peer < info_.world_size; ++peer) {
      const int64_t out = collective.sent_bytes[peer];
      const int64_t in = collective.received_bytes[peer];
      if (comm_.Begun(result, call).ok() && out > 0) {
        call = "ncclSend";
        result =
            api_.ncclSend(sent, out, kNcclUint8, peer, comm_.get(), stream_);
      }
      if (comm_.Begun(result, call).ok() && in > 0) {
        call = "ncclRecv";
        result =
            api_.ncclRecv(received, in, kNcclUint8, peer, comm_.get(), stream_);
      }
      sent += out;
      received += in;
    }
    // A group that was begun is ended, whatever happened in it.
    const int ended = api_.ncclGroupEnd();
    REPRISE_RETURN_IF_ERROR(comm_.Begun(result, call));
    return comm_.Settled(ended, "ncclGroupEnd");
  }

  enum class Meeting { kMeets, kConnects, kSums };

  const DeviceApi& api_;
  const int device_number_;  // CUDA's number of the device
  const std::function<CudaStream()> compute_stream_;
  RankInfo info_;
  int device_ = 0;  // its handle
  CudaContext context_ = nullptr;
  CudaStream stream_ = nullptr;
  CudaPointer barrier_ = 0;  // one int32
  NonblockingComm comm_;
  std::shared_ptr<EventPool> events_;
  Meeting meeting_ = Meeting::kMeets;
  std::shared_ptr<const RecordedEvent> summed_;  // while kSums
  int64_t started_ = 0, completed_ = 0;  // collectives, the latter as told
  DeviceClock clock_;
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
  RankInfo info;
  info.rank = host.rank();
  info.world_size = host.world_size();
  info.local_rank = host.local_rank();
  info.local_size = host.local_size();
  // Hosts of GPUs have a core for each rank.
  info.local_cores = host.local_size();
  auto transport = std::make_unique<NcclTransport>(api, std::move(info), device,
                                                   options.compute_stream);
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
