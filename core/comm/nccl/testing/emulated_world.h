// What emulated devices and their NCCL are made of: streams that are threads,
// events, communicators, and the one world that all ranks of a process share.
#ifndef REPRISE_CORE_COMM_NCCL_TESTING_EMULATED_WORLD_H_
#define REPRISE_CORE_COMM_NCCL_TESTING_EMULATED_WORLD_H_

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <random>
#include <thread>
#include <utility>
#include <vector>

#include "core/comm/nccl/device_api.h"
#include "core/comm/nccl/testing/emulated_devices.h"

namespace reprise {
namespace emulated {

using Clock = std::chrono::steady_clock;

// Runs what it is given in order, each after a delay.
class Stream {
 public:
  explicit Stream(unsigned seed) : delays_(seed), thread_([this] { Run(); }) {}
  ~Stream() {
    Push(nullptr);
    thread_.join();
  }

  void Push(std::function<void()> work);
  void Synchronize();

 private:
  void Run();

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

  Device& Get(int number);
  bool IsLost(int number);
  EmulatedFault FaultOf(int number);
};

World& TheWorld();

// Of the calling thread; nullptr where it has set none.
Device*& CurrentDevice();

Stream* StreamOf(Device& device, CudaStream stream);
Stream* StreamOf(CudaStream stream);  // of the current device

}  // namespace emulated
}  // namespace reprise

#endif  // REPRISE_CORE_COMM_NCCL_TESTING_EMULATED_WORLD_H_
