#include "core/comm/nccl/testing/emulated_cuda.h"

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <mutex>
#include <utility>

#include "core/comm/nccl/testing/emulated_world.h"

namespace reprise {
namespace emulated {
namespace {

constexpr int kNoContext = 201;           // CUDA_ERROR_INVALID_CONTEXT
constexpr int kCaptureUnsupported = 900;  // ..._STREAM_CAPTURE_UNSUPPORTED

thread_local int capture_mode = 0;  // CU_STREAM_CAPTURE_MODE_GLOBAL

// Whether a call may be made that breaks captures.
bool BreaksNoCapture() {
  World& world = TheWorld();
  std::lock_guard<std::mutex> lock(world.mutex);
  if (world.captures == 0 || capture_mode != 0) return true;
  world.capture_broken = true;
  return false;
}

// The driver's functions, by their names without cu.

int Init(unsigned) { return kCudaSuccess; }

int GetErrorString(int, const char** text) {
  *text = "emulated error";
  return kCudaSuccess;
}

int DeviceGet(int* device, int number) {
  *device = number;
  return kCudaSuccess;
}

int DeviceGetPCIBusId(char* id, int length, int device) {
  std::snprintf(id, length, "emulated:%d", device);
  return kCudaSuccess;
}

int DevicePrimaryCtxRetain(CudaContext* context, int device) {
  *context = &TheWorld().Get(device);
  return kCudaSuccess;
}

int DevicePrimaryCtxRelease(int) { return kCudaSuccess; }

int CtxSetCurrent(CudaContext context) {
  CurrentDevice() = static_cast<Device*>(context);
  return kCudaSuccess;
}

int CtxGetStreamPriorityRange(int* least, int* greatest) {
  *least = 0;
  *greatest = -5;
  return kCudaSuccess;
}

int StreamCreateWithPriority(CudaStream* stream, unsigned, int) {
  if (CurrentDevice() == nullptr) return kNoContext;
  *stream = new Stream(static_cast<unsigned>(CurrentDevice()->number) + 100);
  return kCudaSuccess;
}

int StreamDestroy(CudaStream stream) {
  delete static_cast<Stream*>(stream);
  return kCudaSuccess;
}

int StreamSynchronize(CudaStream stream) {
  if (!BreaksNoCapture()) return kCaptureUnsupported;
  if (CurrentDevice() == nullptr) return kNoContext;
  StreamOf(stream)->Synchronize();
  return kCudaSuccess;
}

int EventCreate(CudaEvent* event, unsigned) {
  if (CurrentDevice() == nullptr) return kNoContext;
  *event = new Event;
  return kCudaSuccess;
}

int EventDestroy(CudaEvent event) {
  delete static_cast<Event*>(event);
  return kCudaSuccess;
}

int EventRecord(CudaEvent handle, CudaStream stream) {
  if (CurrentDevice() == nullptr) return kNoContext;
  auto point = std::make_shared<Event::Point>();
  auto& event = *static_cast<Event*>(handle);
  {
    std::lock_guard<std::mutex> lock(event.mutex);
    event.point = point;
  }
  StreamOf(stream)->Push([point] {
    std::lock_guard<std::mutex> lock(point->mutex);
    point->reached = true;
    point->time = Clock::now();
    point->changed.notify_all();
  });
  return kCudaSuccess;
}

int StreamWaitEvent(CudaStream stream, CudaEvent handle, unsigned) {
  if (CurrentDevice() == nullptr) return kNoContext;
  auto& event = *static_cast<Event*>(handle);
  std::shared_ptr<Event::Point> point;
  {
    std::lock_guard<std::mutex> lock(event.mutex);
    point = event.point;
  }
  StreamOf(stream)->Push([point] {
    std::unique_lock<std::mutex> lock(point->mutex);
    point->changed.wait(lock, [&] { return point->reached; });
  });
  return kCudaSuccess;
}

int EventQuery(CudaEvent handle) {
  if (!BreaksNoCapture()) return kCaptureUnsupported;
  auto& event = *static_cast<Event*>(handle);
  std::lock_guard<std::mutex> lock(event.mutex);
  std::lock_guard<std::mutex> point_lock(event.point->mutex);
  return event.point->reached ? kCudaSuccess : kCudaNotReady;
}

int EventElapsedTime(float* milliseconds, CudaEvent from, CudaEvent to) {
  if (!BreaksNoCapture()) return kCaptureUnsupported;
  Clock::time_point times[2];
  int next = 0;
  for (CudaEvent handle : {from, to}) {
    auto& event = *static_cast<Event*>(handle);
    std::lock_guard<std::mutex> lock(event.mutex);
    std::lock_guard<std::mutex> point_lock(event.point->mutex);
    if (!event.point->reached) return kCudaNotReady;
    times[next++] = event.point->time;
  }
  *milliseconds =
      std::chrono::duration<float, std::milli>(times[1] - times[0]).count();
  return kCudaSuccess;
}

int ThreadExchangeStreamCaptureMode(int* mode) {
  std::swap(*mode, capture_mode);
  return kCudaSuccess;
}

int MemAlloc(CudaPointer* pointer, size_t bytes) {
  if (CurrentDevice() == nullptr) return kNoContext;
  *pointer = reinterpret_cast<CudaPointer>(std::calloc(1, bytes));
  return kCudaSuccess;
}

int MemFree(CudaPointer pointer) {
  std::free(reinterpret_cast<void*>(pointer));
  return kCudaSuccess;
}

int MemcpyHtoD(CudaPointer to, const void* from, size_t bytes) {
  std::memcpy(reinterpret_cast<void*>(to), from, bytes);
  return kCudaSuccess;
}

int MemcpyDtoH(void* to, CudaPointer from, size_t bytes) {
  std::memcpy(to, reinterpret_cast<const void*>(from), bytes);
  return kCudaSuccess;
}

}  // namespace

void SetCudaFunctions(DeviceApi* api) {
  api->cuInit = Init;
  api->cuGetErrorString = GetErrorString;
  api->cuDeviceGet = DeviceGet;
  api->cuDeviceGetPCIBusId = DeviceGetPCIBusId;
  api->cuDevicePrimaryCtxRetain = DevicePrimaryCtxRetain;
  api->cuDevicePrimaryCtxRelease_v2 = DevicePrimaryCtxRelease;
  api->cuCtxSetCurrent = CtxSetCurrent;
  api->cuCtxGetStreamPriorityRange = CtxGetStreamPriorityRange;
  api->cuStreamCreateWithPriority = StreamCreateWithPriority;
  api->cuStreamDestroy_v2 = StreamDestroy;
  api->cuStreamSynchronize = StreamSynchronize;
  api->cuEventCreate = EventCreate;
  api->cuEventDestroy_v2 = EventDestroy;
  api->cuEventRecord = EventRecord;
  api->cuStreamWaitEvent = StreamWaitEvent;
  api->cuEventQuery = EventQuery;
  api->cuEventElapsedTime = EventElapsedTime;
  api->cuThreadExchangeStreamCaptureMode = ThreadExchangeStreamCaptureMode;
  api->cuMemAlloc_v2 = MemAlloc;
  api->cuMemFree_v2 = MemFree;
  api->cuMemcpyHtoD_v2 = MemcpyHtoD;
  api->cuMemcpyDtoH_v2 = MemcpyDtoH;
}

}  // namespace emulated
}  // namespace reprise
