// Host memory on its way to a device without a wait: pinned where the device is
// a GPU, so that the copy is queued behind the device's work and the host goes
// on.
#ifndef REPRISE_CORE_TENSOR_STAGING_H_
#define REPRISE_CORE_TENSOR_STAGING_H_

#include <ATen/core/Tensor.h>
#include <c10/core/Device.h>

namespace reprise {

// Host memory to be filled for ToDevice, dense; pinned for a GPU. LibTorch
// exceptions pass through.
at::Tensor EmptyForDevice(at::IntArrayRef sizes, at::ScalarType type,
                          c10::Device device);
at::Tensor EmptyStridedForDevice(at::IntArrayRef sizes, at::IntArrayRef strides,
                                 at::ScalarType type, c10::Device device);

// `host` itself where the device is the host, else a copy there, queued on the
// calling thread's stream. `host` may go at once, but not change.
at::Tensor ToDevice(const at::Tensor& host, c10::Device device);

}  // namespace reprise

#endif  // REPRISE_CORE_TENSOR_STAGING_H_
