#include "core/tensor/staging.h"

#include <ATen/ops/empty.h>
#include <ATen/ops/empty_strided.h>

namespace reprise {
namespace {

at::TensorOptions OptionsFor(at::ScalarType type, c10::Device device) {
  return at::TensorOptions(type).pinned_memory(device.is_cuda());
}

}  // namespace

at::Tensor EmptyForDevice(at::IntArrayRef sizes, at::ScalarType type,
                          c10::Device device) {
  return at::empty(sizes, OptionsFor(type, device));
}

at::Tensor EmptyStridedForDevice(at::IntArrayRef sizes, at::IntArrayRef strides,
                                 at::ScalarType type, c10::Device device) {
  return at::empty_strided(sizes, strides, OptionsFor(type, device));
}

at::Tensor ToDevice(const at::Tensor& host, c10::Device device) {
  return host.to(device, host.scalar_type(), /*non_blocking=*/true);
}

}  // namespace reprise
