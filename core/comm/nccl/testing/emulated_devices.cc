#include "core/comm/nccl/testing/emulated_devices.h"

#include <memory>
#include <mutex>
#include <utility>
#include <vector>

#include "core/comm/nccl/testing/emulated_cuda.h"
#include "core/comm/nccl/testing/emulated_nccl.h"
#include "core/comm/nccl/testing/emulated_world.h"

namespace reprise {

const DeviceApi& EmulatedDevices() {
  static const DeviceApi& api = *[] {
    auto* all = new DeviceApi;
    emulated::SetCudaFunctions(all);
    emulated::SetNcclFunctions(all);
    return all;
  }();
  return api;
}

void LaunchOnEmulatedDevice(int device, std::function<void()> work,
                            CudaStream stream) {
  emulated::StreamOf(emulated::TheWorld().Get(device), stream)
      ->Push(std::move(work));
}

bool CaptureOnEmulatedDevices(const std::function<void()>& body) {
  emulated::World& world = emulated::TheWorld();
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
  emulated::World& world = emulated::TheWorld();
  std::lock_guard<std::mutex> lock(world.mutex);
  world.faults[device] = fault;
}

void LoseEmulatedDevice(int device) {
  emulated::World& world = emulated::TheWorld();
  std::lock_guard<std::mutex> lock(world.mutex);
  world.lost[device] = true;
  for (auto& [number, job] : world.jobs) {
    std::lock_guard<std::mutex> job_lock(job->mutex);
    job->lost = true;
  }
}

void ResetEmulatedDevices() {
  emulated::World& world = emulated::TheWorld();
  // Their threads end without the world's mutex, which they may want.
  std::vector<std::unique_ptr<emulated::Comm>> comms;
  std::lock_guard<std::mutex> lock(world.mutex);
  world.lost.clear();
  world.faults.clear();
  world.jobs.clear();
  comms.swap(world.comms);
}

}  // namespace reprise
