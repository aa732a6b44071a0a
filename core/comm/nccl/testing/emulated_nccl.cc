#include "core/comm/nccl/testing/emulated_nccl.h"

#include <chrono>
#include <cstdint>
#include <cstring>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <thread>
#include <utility>
#include <vector>

#include "core/base/check.h"
#include "core/base/dtype.h"
#include "core/comm/collective.h"
#include "core/comm/nccl/nccl_types.h"
#include "core/comm/nccl/testing/emulated_devices.h"
#include "core/comm/nccl/testing/emulated_world.h"
#include "core/comm/reduce.h"

namespace reprise {
namespace emulated {
namespace {

constexpr int kNcclRemoteError = 6;      // ncclRemoteError
constexpr int kNcclInvalidUsage = 5;     // ncclInvalidUsage
constexpr int kNcclInvalidArgument = 4;  // ncclInvalidArgument
constexpr int kNcclSystemError = 2;      // ncclSystemError

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

// NCCL's functions, by their names without nccl.

int GetVersion(int* version) {
  *version = 0;
  return kNcclSuccess;
}

int GetUniqueId(NcclId* id) {
  World& world = TheWorld();
  std::lock_guard<std::mutex> lock(world.mutex);
  const int64_t job = world.next_job++;
  world.jobs[job] = std::make_shared<Job>();
  std::memcpy(id->bytes, &job, sizeof(job));
  return kNcclSuccess;
}

int CommInitRankConfig(NcclComm* comm, int world_size, NcclId id, int rank,
                       NcclConfig* config) {
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
  made->device = CurrentDevice()->number;
  made->state = kNcclInProgress;
  made->calls = std::make_unique<Stream>(static_cast<unsigned>(rank) + 200);
  made->calls->Push(
      [made = made.get(), world_size] { Join(*made, world_size); });
  std::lock_guard<std::mutex> lock(world.mutex);
  *comm = made.get();
  world.comms.push_back(std::move(made));
  return kNcclInProgress;
}

int CommFinalize(NcclComm comm) {
  return Call(*static_cast<Comm*>(comm), [] {});
}

int CommDestroy(NcclComm) { return kNcclSuccess; }

int CommAbort(NcclComm handle) {
  auto& comm = *static_cast<Comm*>(handle);
  {
    std::lock_guard<std::mutex> lock(comm.job->mutex);
    comm.aborted = true;
    comm.job->changed.notify_all();
  }
  comm.calls->Synchronize();
  return kNcclSuccess;
}

int CommGetAsyncError(NcclComm handle, int* error) {
  auto& comm = *static_cast<Comm*>(handle);
  std::lock_guard<std::mutex> lock(comm.job->mutex);
  *error = comm.state == kNcclSuccess && comm.job->lost ? kNcclRemoteError
                                                        : comm.state;
  return kNcclSuccess;
}

const char* GetErrorString(int) { return "emulated NCCL error"; }

const char* GetLastError(NcclComm) { return ""; }

int AllReduce(const void* sent, void* received, size_t count, int type, int op,
              NcclComm comm, CudaStream stream) {
  const DType dtype = DTypeOfNccl(type);
  const ReduceOp operation = ReduceOpOfNccl(op);
  return Enqueue(
      *static_cast<Comm*>(comm), stream, sent, received, [=](Meeting& meeting) {
        const size_t bytes = count * SizeInBytes(dtype);
        const char* first = static_cast<const char*>(meeting.sent[0]);
        std::vector<char> total(first, first + bytes);
        for (size_t rank = 1; rank < meeting.sent.size(); ++rank) {
          Reduce(meeting.sent[rank], total.data(), static_cast<int64_t>(count),
                 dtype, operation);
        }
        for (void* to : meeting.received) {
          if (bytes > 0) std::memcpy(to, total.data(), bytes);
        }
      });
}

int Broadcast(const void* sent, void* received, size_t count, int type,
              int root, NcclComm comm, CudaStream stream) {
  const size_t bytes = count * SizeInBytes(DTypeOfNccl(type));
  return Enqueue(*static_cast<Comm*>(comm), stream, sent, received,
                 [=](Meeting& meeting) {
                   for (void* to : meeting.received) {
                     if (bytes > 0) std::memmove(to, meeting.sent[root], bytes);
                   }
                 });
}

int AllGather(const void* sent, void* received, size_t count, int type,
              NcclComm comm, CudaStream stream) {
  const size_t bytes = count * SizeInBytes(DTypeOfNccl(type));
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
}

int Send(const void* from, size_t count, int type, int peer, NcclComm comm,
         CudaStream stream) {
  group.push_back({true, from, nullptr, count * SizeInBytes(DTypeOfNccl(type)),
                   peer, static_cast<Comm*>(comm), StreamOf(stream)});
  return kNcclSuccess;
}

int Recv(void* to, size_t count, int type, int peer, NcclComm comm,
         CudaStream stream) {
  group.push_back({false, nullptr, to, count * SizeInBytes(DTypeOfNccl(type)),
                   peer, static_cast<Comm*>(comm), StreamOf(stream)});
  return kNcclSuccess;
}

int GroupStart() {
  group.clear();
  return kNcclSuccess;
}

int GroupEnd() {
  if (group.empty()) return kNcclSuccess;
  Comm& comm = *group[0].comm;
  return Call(comm, [transfers = std::exchange(group, {})] {
    transfers[0].stream->Push([transfers] { Carry(transfers); });
  });
}

}  // namespace

void SetNcclFunctions(DeviceApi* api) {
  api->ncclGetVersion = GetVersion;
  api->ncclGetUniqueId = GetUniqueId;
  api->ncclCommInitRankConfig = CommInitRankConfig;
  api->ncclCommFinalize = CommFinalize;
  api->ncclCommDestroy = CommDestroy;
  api->ncclCommAbort = CommAbort;
  api->ncclCommGetAsyncError = CommGetAsyncError;
  api->ncclGetErrorString = GetErrorString;
  api->ncclGetLastError = GetLastError;
  api->ncclAllReduce = AllReduce;
  api->ncclBroadcast = Broadcast;
  api->ncclAllGather = AllGather;
  api->ncclSend = Send;
  api->ncclRecv = Recv;
  api->ncclGroupStart = GroupStart;
  api->ncclGroupEnd = GroupEnd;
}

}  // namespace emulated
}  // namespace reprise
