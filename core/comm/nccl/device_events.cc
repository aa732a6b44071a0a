#include "core/comm/nccl/device_events.h"

#include <algorithm>

#include "absl/time/clock.h"
#include "core/base/status.h"
#include "core/comm/collective.h"

namespace reprise {

EventPool::~EventPool() {
  api_.cuCtxSetCurrent(context_);
  for (CudaEvent event : free_) api_.cuEventDestroy_v2(event);
  api_.cuDevicePrimaryCtxRelease_v2(device_);
}

absl::StatusOr<CudaEvent> EventPool::Record(CudaStream stream) {
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

void EventPool::Return(CudaEvent event) {
  std::lock_guard<std::mutex> lock(mutex_);
  free_.push_back(event);
}

absl::StatusOr<bool> RecordedEvent::IsReached() const {
  const int result = pool_->api().cuEventQuery(event());
  if (result == kCudaNotReady) return false;
  REPRISE_RETURN_IF_ERROR(pool_->api().FromCuda(result, "cuEventQuery"));
  return true;
}

absl::StatusOr<absl::Duration> RecordedEvent::Until(
    const RecordedEvent& end) const {
  const DeviceApi& api = pool_->api();
  float milliseconds = 0;
  REPRISE_RETURN_IF_ERROR(
      api.FromCuda(api.cuEventElapsedTime(&milliseconds, event(), end.event()),
                   "cuEventElapsedTime"));
  return absl::Milliseconds(milliseconds);
}

void DeviceClock::Start(std::shared_ptr<const RecordedEvent> event) {
  latest_ = std::move(event);
  latest_time_ = absl::Now();
}

absl::StatusOr<CollectiveTimes> DeviceClock::TimesOf(
    const RecordedEvent& ready, const RecordedEvent& begun,
    std::shared_ptr<const RecordedEvent> complete, absl::Time not_before) {
  // From the one before, whose time is known: a float of milliseconds is exact
  // over short times only.
  REPRISE_ASSIGN_OR_RETURN(const absl::Duration since_latest,
                           latest_->Until(*complete));
  REPRISE_ASSIGN_OR_RETURN(const absl::Duration since_ready,
                           ready.Until(*complete));
  REPRISE_ASSIGN_OR_RETURN(const absl::Duration since_begun,
                           begun.Until(*complete));
  CollectiveTimes times;
  // Clocks drift: it has ended between two tests.
  times.completed =
      std::min(std::max(latest_time_ + since_latest, not_before), absl::Now());
  times.ready = times.completed - since_ready;
  times.begun = times.completed - since_begun;
  latest_ = std::move(complete);
  latest_time_ = times.completed;
  return times;
}

}  // namespace reprise
