#include "core/comm/nccl/testing/emulated_world.h"

namespace reprise {
namespace emulated {

void Stream::Push(std::function<void()> work) {
  std::lock_guard<std::mutex> lock(mutex_);
  queue_.push_back(std::move(work));
  changed_.notify_all();
}

void Stream::Synchronize() {
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

void Stream::Run() {
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

Device& World::Get(int number) {
  std::lock_guard<std::mutex> lock(mutex);
  std::unique_ptr<Device>& device = devices[number];
  if (device == nullptr) device = std::make_unique<Device>(number);
  return *device;
}

bool World::IsLost(int number) {
  std::lock_guard<std::mutex> lock(mutex);
  return lost[number];
}

EmulatedFault World::FaultOf(int number) {
  std::lock_guard<std::mutex> lock(mutex);
  return faults[number];
}

World& TheWorld() {
  static World& world = *new World;
  return world;
}

Device*& CurrentDevice() {
  thread_local Device* current = nullptr;
  return current;
}

Stream* StreamOf(Device& device, CudaStream stream) {
  return stream == LegacyStream() || stream == nullptr
             ? &device.legacy
             : static_cast<Stream*>(stream);
}

Stream* StreamOf(CudaStream stream) {
  return StreamOf(*CurrentDevice(), stream);
}

}  // namespace emulated
}  // namespace reprise
