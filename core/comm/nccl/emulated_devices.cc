#include "core/comm/nccl/emulated_devices.h"

#include <chrono>
#include <condition_variable>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <deque>
#include <map>
#include <memory>
#include <mutex>
#include <random>
#include <thread>
#include <utility>
#include <vector>

#include "core/base/check.h"
#include "core/comm/reduce.h"
#include "core/comm/transport.h"

namespace reprise {
namespace {

constexpr int kNoContext = 201;           // CUDA_ERROR_INVALID_CONTEXT
constexpr int kNcclRemoteError = 6;       // ncclRemoteError
constexpr int kNcclInvalidUsage = 5;      // ncclInvalidUsage
constexpr int kNcclInvalidArgument = 4;   // ncclInvalidArgument
constexpr int kNcclSystemError = 2;       // ncclSystemError
constexpr int kCaptureUnsupported = 900;  // ..._STREAM_CAPTURE_UNSUPPORTED

using Clock = std::chrono::steady_clock;

// Runs what it is given in order, each after a delay.
class Stream {
 public:
  explicit Stream(unsigned seed) : delays_(seed), thread_([this] { Run(); }) {}
  ~Stream() {
    Push(nullptr);
    thread_.join();
  }

  void Push(std::function<void()> work) {
    std::lock_guard<std::mutex> lock(mutex_);
    queue_.push_back(std::move(work));
    changed_.notify_all();
  }

  void Synchronize() {
    std::mutex mutex;
    std::condition_variable changed;
    bool reached = false;
    Push([&] {
      std::lock_guard<std::mutex> lock(mutex);
      reached = true;
      changed.notify_all();
    });
    std::unique_lock<std::mutex> lock(mutex);
    changed.wait(lock, [&] { return reached; });
  }

 private:
  void Run() {
    while (true) {
      std::function<void()> work;
      {
        std::unique_lock<std::mutex> lock(mutex_);
        changed_.wait(lock, [&] { return !queue_.empty(); });
        work = std::move(queue_.front());
        queue_.pop_front();
      }
      if (!work) return;
      std::this_thread::sleep_for(std::chrono::microseconds(delays_() % 200));
      work();
    }
  }

  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<std::function<void()>> queue_;
  std::mt19937 delays_;
  std::thread thread_;
};

struct Device {
  explicit Device(int number) : number(number), legacy(number) {}
  const int number;
  Stream legacy;
};

// What was recorded last; a wait is for that, whatever is recorded later.
struct Event {
  struct Point {
    std::mutex mutex;
    std::condition_variable changed;
    bool reached = false;
    Clock::time_point time;  // when it was
  };
  std::mutex mutex;
  std::shared_ptr<Point> point;
};

// One collective of a job, filled in by its ranks' streams.
struct Meeting {
  std::vector<const void*> sent;
  std::vector<void*> received;
  int arrived = 0, left = 0;
};

struct Job {
  std::mutex mutex;
  std::condition_variable changed;
  int world_size = 0;
  std::map<int64_t, Meeting> meetings;
  // By sender and receiver, in order.
  std::map<std::pair<int, int>, std::deque<std::vector<char>>> mail;
  int joined = 0;
  bool lost = false;
};

struct Comm {
  std::shared_ptr<Job> job;
  int rank = 0;
  int device = 0;
  int64_t next = 0;  // collective
  // Under the job's mutex.
  bool aborted = false;
  int state = kNcclSuccess;
  // The thread of calls in progress; last, so that it ends before the rest.
  std::unique_ptr<Stream> calls;
};

struct World {
  std::mutex mutex;
  std::map<int, std::unique_ptr<Device>> devices;
  std::map<int64_t, std::shared_ptr<Job>> jobs;
  std::vector<std::unique_ptr<Comm>> comms;  // streams may look at old ones
  std::map<int, bool> lost;
  std::map<int, EmulatedFault> faults;
  int captures = 0;  // under way, in global mode
  bool capture_broken = false;
  int64_t next_job = 1;

  Device& Get(int number) {
    std::lock_guard<std::mutex> lock(mutex);
    std::unique_ptr<Device>& device = devices[number];
    if (device == nullptr) device = std::make_unique<Device>(number);
    return *device;
  }
  bool IsLost(int number) {
    std::lock_guard<std::mutex> lock(mutex);
    return lost[number];
  }
  EmulatedFault FaultOf(int number) {
    std::lock_guard<std::mutex> lock(mutex);
    return faults[number];
  }
};

World& TheWorld() {
  static World& world = *new World;
  return world;
}

thread_local Device* current = nullptr;
thread_local int capture_mode = 0;  // CU_STREAM_CAPTURE_MODE_GLOBAL

Stream* StreamOf(Device& device, CudaStream stream) {
  return stream == LegacyStream() || stream == nullptr
             ? &device.legacy
             : static_cast<Stream*>(stream);
}
Stream* StreamOf(CudaStream stream) { return StreamOf(*current, stream); }

// Whether a call may be made that breaks captures.
bool BreaksNoCapture() {
  World& world = TheWorld();
  std::lock_guard<std::mutex> lock(world.mutex);
  if (world.captures == 0 || capture_mode != 0) return true;
  world.capture_broken = true;
  return false;
}

DType DTypeOf(int type) {
  switch (type) {
    case kNcclInt32:
      return DType::kInt32;
    case kNcclInt64:
      return DType::kInt64;
    case kNcclFloat16:
      return DType::kFloat16;
    case kNcclFloat32:
      return DType::kFloat32;
    case kNcclFloat64:
      return DType::kFloat64;
    case kNcclBFloat16:
      return DType::kBFloat16;
    default:
      return DType::kUint8;
  }
}

// On a stream: waits for all ranks of the collective, of which the last to
// arrive calls `combine`.
void Meet(Comm& comm, int64_t number, const void* sent, void* received,
          const std::function<void(Meeting&)>& combine) {
  Job& job = *comm.job;
  std::unique_lock<std::mutex> lock(job.mutex);
  Meeting& meeting = job.meetings[number];
  meeting.sent.resize(job.world_size);
  meeting.received.resize(job.world_size);
  meeting.sent[comm.rank] = sent;
  meeting.received[comm.rank] = received;
  if (++meeting.arrived == job.world_size) {
    combine(meeting);
    job.changed.notify_all();
  }
  job.changed.wait(
      lock, [&] { return meeting.arrived == job.world_size || comm.aborted; });
  if (++meeting.left == job.world_size) job.meetings.erase(number);
}

void SetState(Comm& comm, int state) {
  std::lock_guard<std::mutex> lock(comm.job->mutex);
  comm.state = state;
}

void AwaitAbort(Comm& comm) {
  std::unique_lock<std::mutex> lock(comm.job->mutex);
  comm.job->changed.wait(lock, [&] { return comm.aborted; });
}

// A call of a communicator that does not block.
int Call(Comm& comm, std::function<void()> enqueue) {
  {
    std::lock_guard<std::mutex> lock(comm.job->mutex);
    if (comm.state != kNcclSuccess) return kNcclInvalidArgument;
    comm.state = kNcclInProgress;
  }
  comm.calls->Push([&comm, enqueue = std::move(enqueue)] {
    switch (TheWorld().FaultOf(comm.device)) {
      case EmulatedFault::kCallsNeverEnd:
        return AwaitAbort(comm);
      case EmulatedFault::kCallsFail:
        return SetState(comm, kNcclSystemError);
      default:
        if (!TheWorld().IsLost(comm.device)) enqueue();
        return SetState(comm, kNcclSuccess);
    }
  });
  return kNcclInProgress;
}

int Enqueue(Comm& comm, CudaStream stream, const void* sent, void* received,
            std::function<void(Meeting&)> combine) {
  return Call(comm, [&comm, stream = StreamOf(stream), sent, received,
                     combine = std::move(combine)] {
    stream->Push([&comm, number = comm.next++, sent, received, combine] {
      Meet(comm, number, sent, received, combine);
    });
  });
}

// As NCCL, until all ranks are there.
void Join(Comm& comm, int world_size) {
  Job& job = *comm.job;
  switch (TheWorld().FaultOf(comm.device)) {
    case EmulatedFault::kInitNeverEnds:
      return AwaitAbort(comm);
    case EmulatedFault::kInitFails:
      return SetState(comm, kNcclSystemError);
    case EmulatedFault::kInitIsSlow:
      std::this_thread::sleep_for(std::chrono::milliseconds(300));
      break;
    default:
      break;
  }
  std::unique_lock<std::mutex> lock(job.mutex);
  job.world_size = world_size;
  ++job.joined;
  job.changed.notify_all();
  job.changed.wait(lock,
                   [&] { return job.joined == world_size || comm.aborted; });
  comm.state = kNcclSuccess;
}

// Sends and receives between GroupStart and GroupEnd.
struct Transfer {
  bool sends = false;
  const void* from = nullptr;
  void* to = nullptr;
  size_t bytes = 0;
  int peer = 0;
  Comm* comm = nullptr;
  Stream* stream = nullptr;
};
thread_local std::vector<Transfer> group;

void Carry(const std::vector<Transfer>& transfers) {
  for (const Transfer& one : transfers) {
    if (!one.sends) continue;
    Job& job = *one.comm->job;
    const char* bytes = static_cast<const char*>(one.from);
    std::lock_guard<std::mutex> lock(job.mutex);
    job.mail[{one.comm->rank, one.peer}].emplace_back(bytes, bytes + one.bytes);
    job.changed.notify_all();
  }
  for (const Transfer& one : transfers) {
    if (one.sends) continue;
    Job& job = *one.comm->job;
    std::unique_lock<std::mutex> lock(job.mutex);
    auto& box = job.mail[{one.peer, one.comm->rank}];
    job.changed.wait(lock, [&] { return !box.empty() || one.comm->aborted; });
    if (box.empty()) return;
    REPRISE_CHECK(box.front().size() == one.bytes)
        << "sent " << box.front().size() << ", received " << one.bytes;
    std::memcpy(one.to, box.front().data(), one.bytes);
    box.pop_front();
  }
}

DeviceApi MakeApi() {
  DeviceApi api;
  api.cuInit = [](unsigned) { return kCudaSuccess; };
  api.cuGetErrorString = [](int, const char** text) {
    *text = "emulated error";
    return kCudaSuccess;
  };
  api.cuDeviceGet = [](int* device, int number) {
    *device = number;
    return kCudaSuccess;
  };
  api.cuDeviceGetPCIBusId = [](char* id, int length, int device) {
    std::snprintf(id, length, "emulated:%d", device);
    return kCudaSuccess;
  };
  api.cuDevicePrimaryCtxRetain = [](CudaContext* context, int device) {
    *context = &TheWorld().Get(device);
    return kCudaSuccess;
  };
  api.cuDevicePrimaryCtxRelease_v2 = [](int) { return kCudaSuccess; };
  api.cuCtxSetCurrent = [](CudaContext context) {
    current = static_cast<Device*>(context);
    return kCudaSuccess;
  };
  api.cuCtxGetStreamPriorityRange = [](int* least, int* greatest) {
    *least = 0;
    *greatest = -5;
    return kCudaSuccess;
  };
  api.cuStreamCreateWithPriority = [](CudaStream* stream, unsigned, int) {
    if (current == nullptr) return kNoContext;
    *stream = new Stream(static_cast<unsigned>(current->number) + 100);
    return kCudaSuccess;
  };
  api.cuStreamDestroy_v2 = [](CudaStream stream) {
    delete static_cast<Stream*>(stream);
    return kCudaSuccess;
  };
  api.cuStreamSynchronize = [](CudaStream stream) {
    if (!BreaksNoCapture()) return kCaptureUnsupported;
    if (current == nullptr) return kNoContext;
    StreamOf(stream)->Synchronize();
    return kCudaSuccess;
  };
  api.cuEventCreate = [](CudaEvent* event, unsigned) {
    if (current == nullptr) return kNoContext;
    *event = new Event;
    return kCudaSuccess;
  };
  api.cuEventDestroy_v2 = [](CudaEvent event) {
    delete static_cast<Event*>(event);
    return kCudaSuccess;
  };
  api.cuEventRecord = [](CudaEvent handle, CudaStream stream) {
    if (current == nullptr) return kNoContext;
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
  };
  api.cuStreamWaitEvent = [](CudaStream stream, CudaEvent handle, unsigned) {
    if (current == nullptr) return kNoContext;
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
  };
  api.cuEventQuery = [](CudaEvent handle) {
    if (!BreaksNoCapture()) return kCaptureUnsupported;
    auto& event = *static_cast<Event*>(handle);
    std::lock_guard<std::mutex> lock(event.mutex);
    std::lock_guard<std::mutex> point_lock(event.point->mutex);
    return event.point->reached ? kCudaSuccess : kCudaNotReady;
  };
  api.cuEventElapsedTime = [](float* milliseconds, CudaEvent from,
                              CudaEvent to) {
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
  };
  api.cuThreadExchangeStreamCaptureMode = [](int* mode) {
    std::swap(*mode, capture_mode);
    return kCudaSuccess;
  };
  api.cuMemAlloc_v2 = [](CudaPointer* pointer, size_t bytes) {
    if (current == nullptr) return kNoContext;
    *pointer = reinterpret_cast<CudaPointer>(std::calloc(1, bytes));
    return kCudaSuccess;
  };
  api.cuMemFree_v2 = [](CudaPointer pointer) {
    std::free(reinterpret_cast<void*>(pointer));
    return kCudaSuccess;
  };
  api.cuMemcpyHtoD_v2 = [](CudaPointer to, const void* from, size_t bytes) {
    std::memcpy(reinterpret_cast<void*>(to), from, bytes);
    return kCudaSuccess;
  };
  api.cuMemcpyDtoH_v2 = [](void* to, CudaPointer from, size_t bytes) {
    std::memcpy(to, reinterpret_cast<const void*>(from), bytes);
    return kCudaSuccess;
  };

  api.ncclGetVersion = [](int* version) {
    *version = 0;
    return kNcclSuccess;
  };
  api.ncclGetUniqueId = [](NcclId* id) {
    World& world = TheWorld();
    std::lock_guard<std::mutex> lock(world.mutex);
    const int64_t job = world.next_job++;
    world.jobs[job] = std::make_shared<Job>();
    std::memcpy(id->bytes, &job, sizeof(job));
    return kNcclSuccess;
  };
  api.ncclCommInitRankConfig = [](NcclComm* comm, int world_size, NcclId id,
                                  int rank, NcclConfig* config) {
    if (config->blocking != 0) return kNcclInvalidUsage;
    int64_t number;
    std::memcpy(&number, id.bytes, sizeof(number));
    World& world = TheWorld();
    auto made = std::make_unique<Comm>();
    {
      std::lock_guard<std::mutex> lock(world.mutex);
      const auto found = world.jobs.find(number);
      if (found == world.jobs.end()) return kNcclInvalidUsage;
      made->job = found->second;
    }
    made->rank = rank;
    made->device = current->number;
    made->state = kNcclInProgress;
    made->calls = std::make_unique<Stream>(static_cast<unsigned>(rank) + 200);
    made->calls->Push(
        [made = made.get(), world_size] { Join(*made, world_size); });
    std::lock_guard<std::mutex> lock(world.mutex);
    *comm = made.get();
    world.comms.push_back(std::move(made));
    return kNcclInProgress;
  };
  api.ncclCommFinalize = [](NcclComm comm) {
    return Call(*static_cast<Comm*>(comm), [] {});
  };
  api.ncclCommDestroy = [](NcclComm) { return kNcclSuccess; };
  api.ncclCommAbort = [](NcclComm handle) {
    auto& comm = *static_cast<Comm*>(handle);
    {
      std::lock_guard<std::mutex> lock(comm.job->mutex);
      comm.aborted = true;
      comm.job->changed.notify_all();
    }
    comm.calls->Synchronize();
    return kNcclSuccess;
  };
  api.ncclCommGetAsyncError = [](NcclComm handle, int* error) {
    auto& comm = *static_cast<Comm*>(handle);
    std::lock_guard<std::mutex> lock(comm.job->mutex);
    *error = comm.state == kNcclSuccess && comm.job->lost ? kNcclRemoteError
                                                          : comm.state;
    return kNcclSuccess;
  };
  api.ncclGetErrorString = [](int) { return "emulated NCCL error"; };
  api.ncclGetLastError = [](NcclComm) { return ""; };
  api.ncclAllReduce = [](const void* sent, void* received, size_t count,
                         int type, int op, NcclComm comm, CudaStream stream) {
    const DType dtype = DTypeOf(type);
    const ReduceOp operation = op == kNcclMax   ? ReduceOp::kMax
                               : op == kNcclMin ? ReduceOp::kMin
                                                : ReduceOp::kSum;
    return Enqueue(*static_cast<Comm*>(comm), stream, sent, received,
                   [=](Meeting& meeting) {
                     const size_t bytes = count * SizeInBytes(dtype);
                     const char* first =
                         static_cast<const char*>(meeting.sent[0]);
                     std::vector<char> total(first, first + bytes);
                     for (size_t rank = 1; rank < meeting.sent.size(); ++rank) {
                       Reduce(meeting.sent[rank], total.data(),
                              static_cast<int64_t>(count), dtype, operation);
                     }
                     for (void* to : meeting.received) {
                       if (bytes > 0) std::memcpy(to, total.data(), bytes);
                     }
                   });
  };
  api.ncclBroadcast = [](const void* sent, void* received, size_t count,
                         int type, int root, NcclComm comm, CudaStream stream) {
    const size_t bytes = count * SizeInBytes(DTypeOf(type));
    return Enqueue(*static_cast<Comm*>(comm), stream, sent, received,
                   [=](Meeting& meeting) {
                     for (void* to : meeting.received) {
                       if (bytes > 0)
                         std::memmove(to, meeting.sent[root], bytes);
                     }
                   });
  };
  api.ncclAllGather = [](const void* sent, void* received, size_t count,
                         int type, NcclComm comm, CudaStream stream) {
    const size_t bytes = count * SizeInBytes(DTypeOf(type));
    return Enqueue(*static_cast<Comm*>(comm), stream, sent, received,
                   [=](Meeting& meeting) {
                     for (void* to : meeting.received) {
                       char* at = static_cast<char*>(to);
                       for (const void* from : meeting.sent) {
                         if (bytes > 0) std::memcpy(at, from, bytes);
                         at += bytes;
                       }
                     }
                   });
  };
  api.ncclSend = [](const void* from, size_t count, int type, int peer,
                    NcclComm comm, CudaStream stream) {
    group.push_back({true, from, nullptr, count * SizeInBytes(DTypeOf(type)),
                     peer, static_cast<Comm*>(comm), StreamOf(stream)});
    return kNcclSuccess;
  };
  api.ncclRecv = [](void* to, size_t count, int type, int peer, NcclComm comm,
                    CudaStream stream) {
    group.push_back({false, nullptr, to, count * SizeInBytes(DTypeOf(type)),
                     peer, static_cast<Comm*>(comm), StreamOf(stream)});
    return kNcclSuccess;
  };
  api.ncclGroupStart = [] {
    group.clear();
    return kNcclSuccess;
  };
  api.ncclGroupEnd = [] {
    if (group.empty()) return kNcclSuccess;
    Comm& comm = *group[0].comm;
    return Call(comm, [transfers = std::exchange(group, {})] {
      transfers[0].stream->Push([transfers] { Carry(transfers); });
    });
  };
  return api;
}

}  // namespace

const DeviceApi& EmulatedDevices() {
  static const DeviceApi& api = *new DeviceApi(MakeApi());
  return api;
}

void LaunchOnEmulatedDevice(int device, std::function<void()> work,
                            CudaStream stream) {
  StreamOf(TheWorld().Get(device), stream)->Push(std::move(work));
}

bool CaptureOnEmulatedDevices(const std::function<void()>& body) {
  World& world = TheWorld();
  {
    std::lock_guard<std::mutex> lock(world.mutex);
    ++world.captures;
    world.capture_broken = false;
  }
  body();
  std::lock_guard<std::mutex> lock(world.mutex);
  --world.captures;
  return !world.capture_broken;
}

void BreakEmulatedDevice(int device, EmulatedFault fault) {
  World& world = TheWorld();
  std::lock_guard<std::mutex> lock(world.mutex);
  world.faults[device] = fault;
}

void LoseEmulatedDevice(int device) {
  World& world = TheWorld();
  std::lock_guard<std::mutex> lock(world.mutex);
  world.lost[device] = true;
  for (auto& [number, job] : world.jobs) {
    std::lock_guard<std::mutex> job_lock(job->mutex);
    job->lost = true;
  }
}

void ResetEmulatedDevices() {
  World& world = TheWorld();
  // Their threads end without the world's mutex, which they may want.
  std::vector<std::unique_ptr<Comm>> comms;
  std::lock_guard<std::mutex> lock(world.mutex);
  world.lost.clear();
  world.faults.clear();
  world.jobs.clear();
  comms.swap(world.comms);
}

}  // namespace reprise
