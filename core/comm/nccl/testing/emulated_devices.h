// GPUs and NCCL acted out in host memory, for tests on machines without: one
// device a rank, ranks being threads of one process. Streams are threads that
// run what they are given in order and late, by a random delay, so a collective
// that does not wait for the compute stream, or a caller that does not wait for
// the collective, meets memory that is not ready. NCCL's communicators do not
// block: each call is in progress until a thread of theirs has enqueued it,
// late, and one that is made before is refused.
//
// What it cannot show: anything of the real libraries.
#ifndef REPRISE_CORE_COMM_NCCL_TESTING_EMULATED_DEVICES_H_
#define REPRISE_CORE_COMM_NCCL_TESTING_EMULATED_DEVICES_H_

#include <cstdint>
#include <functional>

#include "core/comm/nccl/device_api.h"

namespace reprise {

// Device pointers are host pointers.
const DeviceApi& EmulatedDevices();

// Enqueues `work` on a stream of device `device`, as a kernel launch does.
void LaunchOnEmulatedDevice(int device, std::function<void()> work,
                            CudaStream stream = LegacyStream());

// Calls `body` while the calling thread captures a graph in the mode that is
// the default, in which no thread may ask for an event that is not in
// thread-local mode. Whether the capture came to its end.
bool CaptureOnEmulatedDevices(const std::function<void()>& body);

enum class EmulatedFault {
  kNone,
  kInitIsSlow,     // 0.3 s
  kInitNeverEnds,  // until it is aborted
  kInitFails,      // when it is in progress
  kCallsNeverEnd,  // those after the communicator was made
  kCallsFail
};
// What is wrong with the NCCL calls of device `device` from now on.
void BreakEmulatedDevice(int device, EmulatedFault fault);

// From now on the NCCL calls of device `device` come to nothing, as if its
// process were gone: the others' collectives report an asynchronous error.
void LoseEmulatedDevice(int device);
// All as new; no communicator may be alive.
void ResetEmulatedDevices();

}  // namespace reprise

#endif  // REPRISE_CORE_COMM_NCCL_TESTING_EMULATED_DEVICES_H_
