// The stream of a device that the calling thread computes on, as the driver
// names it: for those who use the device beside LibTorch.
#ifndef REPRISE_CORE_DEVICE_COMPUTE_STREAM_H_
#define REPRISE_CORE_DEVICE_COMPUTE_STREAM_H_

#include <c10/core/Device.h>

namespace reprise {

// A CUstream. nullptr is the default stream; also given for devices that
// LibTorch has no streams for.
void* ComputeStream(c10::Device device);

}  // namespace reprise

#endif  // REPRISE_CORE_DEVICE_COMPUTE_STREAM_H_
