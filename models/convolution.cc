#include "models/convolution.h"

#include <ATen/ops/constant_pad_nd.h>
#include <ATen/ops/conv2d.h>

namespace reprise {
namespace {

// oneDNN's 1x1 convolutions with a stride gather the pixels that they use into
// a workspace of as many channels as there are, and the gradient of the weight
// then strides through it by a vector's: 8 floats on AVX2, 16 on AVX-512
// (oneDNN#6035). Below a vector it reads and writes what lies behind.
constexpr int64_t kVectorChannels = 16;

bool StridesBelowAVector(const at::Tensor& weight, int64_t stride) {
  return stride > 1 && weight.size(2) == 1 && weight.size(3) == 1 &&
         weight.size(1) < kVectorChannels;
}

// Whether some tap of a kernel meets padding only, wherever it stands along one
// dimension. oneDNN does not write its gradient in bf16.
bool HasIdleTap(int64_t extent, int64_t kernel, int64_t stride,
                int64_t padding) {
  const int64_t positions = (extent + 2 * padding - kernel) / stride + 1;
  for (int64_t tap = 0; tap < kernel; ++tap) {
    bool meets = false;
    for (int64_t o = 0; o < positions && !meets; ++o) {
      const int64_t pixel = o * stride - padding + tap;
      meets = pixel >= 0 && pixel < extent;
    }
    if (!meets) return true;
  }
  return false;
}

}  // namespace

at::Tensor Convolve(const at::Tensor& x, const at::Tensor& weight,
                    const at::Tensor& bias, int64_t stride, int64_t padding) {
  if (!x.is_cpu()) {
    return at::conv2d(x, weight, bias, {stride, stride}, {padding, padding});
  }
  const bool gathers = StridesBelowAVector(weight, stride);
  at::Tensor pixels = x;
  if (padding > 0 &&
      (gathers || HasIdleTap(x.size(2), weight.size(2), stride, padding) ||
       HasIdleTap(x.size(3), weight.size(3), stride, padding))) {
    // Zeros that the kernel meets as pixels.
    pixels = at::constant_pad_nd(x, {padding, padding, padding, padding});
    padding = 0;
  }
  if (gathers) {
    pixels = pixels.slice(2, 0, pixels.size(2), stride)
                 .slice(3, 0, pixels.size(3), stride)
                 .contiguous(x.suggest_memory_format());
    stride = 1;
  }
  return at::conv2d(pixels, weight, bias, {stride, stride}, {padding, padding});
}

}  // namespace reprise
