#include "core/comm/nccl/nccl_transport.h"

#include <cstdint>
#include <cstdlib>
#include <memory>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "core/base/check.h"
#include "core/base/status.h"
#include "core/comm/transport.h"

namespace reprise {
namespace {

// What is pinned: variable, value.
constexpr const char* kPinned[][2] = {{"NCCL_ALGO", "Ring"},
                                      {"NCCL_NVLS_ENABLE", "0"}};

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
      REPRISE_RETURN_IF_ERROR(
          api_.FromCuda(api_.cuEventCreate(&event, kCudaEventDisableTiming),
                        "cuEventCreate"));
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

  const absl::StatusOr<CudaEvent>& event() const { return event_; }

 private:
  const std::shared_ptr<EventPool> pool_;
  const absl::StatusOr<CudaEvent> event_;
};

struct Place {
  int rank = 0, world_size = 1, local_rank = 0, local_size = 1;
  int device = 0;
};

class NcclTransport final : public Transport {
 public:
  NcclTransport(const DeviceApi& api, const Place& place)
      : api_(api), place_(place) {}

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
    REPRISE_RETURN_IF_ERROR(
        api_.FromCuda(api_.cuStreamCreate(&stream_, kCudaStreamNonBlocking),
                      "cuStreamCreate"));
    REPRISE_RETURN_IF_ERROR(api_.FromCuda(
        api_.cuMemAlloc_v2(&barrier_, sizeof(int32_t)), "cuMemAlloc"));
    return absl::OkStatus();
  }

  // Waits for the other ranks: only once all have opened their devices.
  absl::Status Meet(const NcclId& id) {
    REPRISE_RETURN_IF_ERROR(
        api_.FromCuda(api_.cuCtxSetCurrent(context_), "cuCtxSetCurrent"));
    REPRISE_RETURN_IF_ERROR(api_.FromNccl(
        api_.ncclCommInitRank(&comm_, place_.world_size, id, place_.rank),
        "ncclCommInitRank", nullptr));
    int version = 0;
    REPRISE_RETURN_IF_ERROR(
        api_.FromNccl(api_.ncclGetVersion(&version), "ncclGetVersion", comm_));
    description_ = absl::StrCat("nccl: ", version / 10000, ".",
                                version / 100 % 100, ".", version % 100);
    for (const auto& [variable, value] : kPinned) {
      const char* const set = getenv(variable);
      absl::StrAppend(&description_, ", ", variable, "=",
                      set == nullptr ? "" : set);
    }
    return absl::OkStatus();
  }

  int rank() const override { return place_.rank; }
  int world_size() const override { return place_.world_size; }
  int local_rank() const override { return place_.local_rank; }
  int local_size() const override { return place_.local_size; }
  // Hosts of GPUs have a core for each rank.
  int local_cores() const override { return place_.local_size; }
  std::string Describe() const override { return description_; }

  std::shared_ptr<const void> NoteReady() override {
    return std::make_shared<const Recorded>(events_, LegacyStream());
  }

  absl::StatusOr<std::unique_ptr<Pending>> Start(
      const Collective& collective) override {
    REPRISE_RETURN_IF_ERROR(
        api_.FromCuda(api_.cuCtxSetCurrent(context_), "cuCtxSetCurrent"));
    const auto* ready = static_cast<const Recorded*>(collective.ready.get());
    REPRISE_CHECK(ready != nullptr) << "a collective of no opened Work";
    REPRISE_RETURN_IF_ERROR(ready->event().status());
    REPRISE_RETURN_IF_ERROR(
        api_.FromCuda(api_.cuStreamWaitEvent(stream_, *ready->event(), 0),
                      "cuStreamWaitEvent"));
    REPRISE_RETURN_IF_ERROR(Enqueue(collective));
    auto pending = std::make_unique<Enqueued>(*this);
    REPRISE_RETURN_IF_ERROR(pending->complete.event().status());
    return pending;
  }

  void Abort(const absl::Status&) override {
    api_.cuCtxSetCurrent(context_);
    Drop();
  }

  absl::Status Finalize() override {
    REPRISE_RETURN_IF_ERROR(api_.FromCuda(api_.cuStreamSynchronize(stream_),
                                          "cuStreamSynchronize"));
    NcclComm comm = std::exchange(comm_, nullptr);
    return api_.FromNccl(api_.ncclCommDestroy(comm), "ncclCommDestroy",
                         nullptr);
  }

 private:
  struct Enqueued final : public Pending {
    explicit Enqueued(const NcclTransport& transport)
        : transport(transport),
          complete(transport.events_, transport.stream_) {}

    absl::StatusOr<bool> Test() override {
      const DeviceApi& api = transport.api_;
      REPRISE_RETURN_IF_ERROR(api.FromCuda(
          api.cuCtxSetCurrent(transport.context_), "cuCtxSetCurrent"));
      const int result = api.cuEventQuery(*complete.event());
      if (result == kCudaSuccess) return true;
      if (result != kCudaNotReady) return api.FromCuda(result, "cuEventQuery");
      int error = kNcclSuccess;
      REPRISE_RETURN_IF_ERROR(
          api.FromNccl(api.ncclCommGetAsyncError(transport.comm_, &error),
                       "ncclCommGetAsyncError", transport.comm_));
      if (error == kNcclInProgress) return false;
      REPRISE_RETURN_IF_ERROR(
          api.FromNccl(error, "a collective", transport.comm_));
      return false;
    }

    const NcclTransport& transport;
    const Recorded complete;
  };

  // Ends what is under way: after it the buffers are the caller's again.
  void Drop() {
    if (comm_ == nullptr) return;
    api_.ncclCommAbort(std::exchange(comm_, nullptr));
    api_.cuStreamSynchronize(stream_);
  }

  absl::Status Enqueue(const Collective& collective) {
    const auto from_nccl = [this](int result, const char* call) {
      return api_.FromNccl(result, call, comm_);
    };
    void* const data = collective.data;
    switch (collective.kind) {
      case Collective::Kind::kBarrier: {
        void* const value = reinterpret_cast<void*>(barrier_);
        return from_nccl(api_.ncclAllReduce(value, value, 1, kNcclInt32,
                                            kNcclMax, comm_, stream_),
                         "ncclAllReduce");
      }
      case Collective::Kind::kAllReduce:
        return from_nccl(
            api_.ncclAllReduce(data, data, collective.count,
                               TypeOf(collective.dtype), OpOf(collective.op),
                               comm_, stream_),
            "ncclAllReduce");
      case Collective::Kind::kBroadcast:
        return from_nccl(
            api_.ncclBroadcast(data, data, collective.count, kNcclUint8,
                               collective.root, comm_, stream_),
            "ncclBroadcast");
      case Collective::Kind::kAllGather:
        return from_nccl(
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
      if (result == kNcclSuccess && out > 0) {
        call = "ncclSend";
        result = api_.ncclSend(sent, out, kNcclUint8, peer, comm_, stream_);
      }
      if (result == kNcclSuccess && in > 0) {
        call = "ncclRecv";
        result = api_.ncclRecv(received, in, kNcclUint8, peer, comm_, stream_);
      }
      sent += out;
      received += in;
    }
    // A group that was begun is ended, whatever happened in it.
    const int ended = api_.ncclGroupEnd();
    REPRISE_RETURN_IF_ERROR(api_.FromNccl(result, call, comm_));
    return api_.FromNccl(ended, "ncclGroupEnd", comm_);
  }

  const DeviceApi& api_;
  const Place place_;
  int device_ = 0;
  CudaContext context_ = nullptr;
  CudaStream stream_ = nullptr;
  CudaPointer barrier_ = 0;  // one int32
  NcclComm comm_ = nullptr;  // nullptr once it is gone
  std::shared_ptr<EventPool> events_;
  std::string description_;
};

}  // namespace

void PinNcclAlgorithms() {
  for (const auto& [variable, value] : kPinned) {
    setenv(variable, value, /*overwrite=*/0);
  }
}

absl::StatusOr<std::unique_ptr<Communicator>> CreateNcclCommunicator(
    const DeviceApi& api, int device, Communicator& host,
    const std::function<std::unique_ptr<Transport>(std::unique_ptr<Transport>)>&
        decorator) {
  const Place place = {host.rank(), host.world_size(), host.local_rank(),
                       host.local_size(), device};
  auto transport = std::make_unique<NcclTransport>(api, place);
  absl::Status opened = transport->OpenDevice();
  NcclId id = {};
  if (opened.ok() && host.rank() == 0) {
    opened = api.FromNccl(api.ncclGetUniqueId(&id), "ncclGetUniqueId", nullptr);
  }
  REPRISE_RETURN_IF_ERROR(AgreeOnStatus(host, opened));
  REPRISE_RETURN_IF_ERROR(host.Broadcast(&id, sizeof(id), /*root=*/0)->Wait());
  absl::StatusOr<std::unique_ptr<Communicator>> communicator =
      Communicator::Create([&]() -> absl::StatusOr<std::unique_ptr<Transport>> {
        REPRISE_RETURN_IF_ERROR(transport->Meet(id));
        if (!decorator) return std::move(transport);
        return decorator(std::move(transport));
      });
  REPRISE_RETURN_IF_ERROR(AgreeOnStatus(host, communicator.status()));
  return communicator;
}

}  // namespace reprise
