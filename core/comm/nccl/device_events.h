// Events of CUDA: marks on a device's streams that say how far it has come, and
// when.
#ifndef REPRISE_CORE_COMM_NCCL_DEVICE_EVENTS_H_
#define REPRISE_CORE_COMM_NCCL_DEVICE_EVENTS_H_

#include <memory>
#include <mutex>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "core/comm/collective.h"
#include "core/comm/nccl/device_api.h"

namespace reprise {

// Events of one device, used again and again, and its primary context, which
// the pool holds as long as anybody has one of them. Thread-safe.
class EventPool {
 public:
  // `context` has been retained for the pool.
  EventPool(const DeviceApi& api, int device, CudaContext context)
      : api_(api), device_(device), context_(context) {}
  EventPool(const EventPool&) = delete;
  ~EventPool();

  // Records an event on `stream`, in the context that this sets on the calling
  // thread: the device's primary one, which LibTorch uses, too.
  absl::StatusOr<CudaEvent> Record(CudaStream stream);
  void Return(CudaEvent event);

  const DeviceApi& api() const { return api_; }

 private:
  const DeviceApi& api_;
  const int device_;
  const CudaContext context_;
  std::mutex mutex_;
  std::vector<CudaEvent> free_;
};

// A recorded event, or why there is none. Immutable.
class RecordedEvent {
 public:
  RecordedEvent(std::shared_ptr<EventPool> pool, CudaStream stream)
      : pool_(std::move(pool)), event_(pool_->Record(stream)) {}
  RecordedEvent(const RecordedEvent&) = delete;
  ~RecordedEvent() {
    if (event_.ok()) pool_->Return(*event_);
  }

  absl::Status status() const { return event_.status(); }
  // These two need an OK status. Whether the device has come so far:
  absl::StatusOr<bool> IsReached() const;
  CudaEvent event() const { return *event_; }

  // From this one to `end`, both reached, by the device's clock.
  absl::StatusOr<absl::Duration> Until(const RecordedEvent& end) const;

 private:
  const std::shared_ptr<EventPool> pool_;
  const absl::StatusOr<CudaEvent> event_;
};

// A device's times as times of the host. Used by one thread at a time.
class DeviceClock {
 public:
  // `event` was just found to be reached.
  void Start(std::shared_ptr<const RecordedEvent> event);

  // Of a collective's three events, all reached; collectives in their order.
  // `not_before`: when it was last found not to be complete.
  absl::StatusOr<CollectiveTimes> TimesOf(
      const RecordedEvent& ready, const RecordedEvent& begun,
      std::shared_ptr<const RecordedEvent> complete, absl::Time not_before);

 private:
  // The latest event whose time is known.
  std::shared_ptr<const RecordedEvent> latest_;
  absl::Time latest_time_;
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

}  // namespace reprise

#endif  // REPRISE_CORE_COMM_NCCL_DEVICE_EVENTS_H_
