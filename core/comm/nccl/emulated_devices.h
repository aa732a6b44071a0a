// GPUs and NCCL acted out in host memory, for tests on machines without: one
// device a rank, ranks being threads of one process. Streams are threads that
// run what they are given in order and late, by a random delay, so a collective
// that does not wait for the compute stream, or a caller that does not wait for
// the collective, meets memory that is not ready.
//
// What it cannot show: anything of the real libraries.
#ifndef REPRISE_CORE_COMM_NCCL_EMULATED_DEVICES_H_
#define REPRISE_CORE_COMM_NCCL_EMULATED_DEVICES_H_

#include <cstdint>
#include <functional>

#include "core/comm/nccl/device_api.h"

namespace reprise {

// Device pointers are host pointers.
const DeviceApi& EmulatedDevices();

// Enqueues `work` on the compute (legacy) stream of device `device`, as a
// kernel launch does.
void LaunchOnEmulatedDevice(int device, std::function<void()> work);

// From now on the NCCL calls of device `device` come to nothing, as if its
// process were gone: the others' collectives report an asynchronous error.
void LoseEmulatedDevice(int device);
// All as new; no communicator may be alive.
void ResetEmulatedDevices();

}  // namespace reprise

#endif  // REPRISE_CORE_COMM_NCCL_EMULATED_DEVICES_H_
