// What a user asks a rank to compute on, and in which numbers: device.h and
// precision.h find what that is on a machine. Without LibTorch, for settings.
#ifndef REPRISE_CORE_DEVICE_GPU_DEVICE_REQUEST_H_
#define REPRISE_CORE_DEVICE_GPU_DEVICE_REQUEST_H_

namespace reprise {

// kAuto: a GPU where one can be had, else the CPU.
enum class DeviceKind { kAuto, kCpu, kCuda };

// kAuto: kBf16 where the device multiplies it natively, else kFp32.
enum class PrecisionKind { kAuto, kFp32, kTf32, kBf16 };

}  // namespace reprise

#endif  // REPRISE_CORE_DEVICE_GPU_DEVICE_REQUEST_H_
