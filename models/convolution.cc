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

// A strided 1x1 convolution that leaves one pixel. In bf16 on AVX-512 without
// bf16 oneDNN's gradient of the weight reads up to a pixel past the image.
bool StridesToOnePixel(const at::Tensor& x, const at::Tensor& weight,
                       int64_t stride, int64_t padding) {
  return stride > 1 && weight.size(2) == 1 && weight.size(3) == 1 &&
         x.size(2) + 2 * padding <= stride && x.size(3) + 2 * padding <= stride;
}

// The channels of zeros that a one-row kernel in bf16 needs. oneDNN's forward
// pass on AMX was wrong with 8 channels in and 20 columns; how far that reaches
// is not known, and with whole vectors of channels nothing was found.
int64_t MissingChannels(const at::Tensor& x, const at::Tensor& weight) {
  const bool one_row = weight.size(2) == 1 && weight.size(3) > 1;
  if (x.scalar_type() != at::kBFloat16 || !one_row || weight.size(1) == 1) {
    return 0;
  }
  return (kVectorChannels - weight.size(1) % kVectorChannels) % kVectorChannels;
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
  const bool gathers = StridesBelowAVector(weight, stride) ||
                       StridesToOnePixel(x, weight, stride, padding);
  at::Tensor pixels = x, filters = weight;
  if (const int64_t missing = MissingChannels(x, weight); missing > 0) {
    const int64_t behind_channels[] = {0, 0, 0, 0, 0, missing};
    pixels = at::constant_pad_nd(pixels, behind_channels);
    filters = at::constant_pad_nd(filters, behind_channels);
  }
  if (padding > 0 &&
      (gathers || HasIdleTap(x.size(2), weight.size(2), stride, padding) ||
       HasIdleTap(x.size(3), weight.size(3), stride, padding))) {
    // Zeros that the kernel meets as pixels.
    pixels = at::constant_pad_nd(pixels, {padding, padding, padding, padding});
    padding = 0;
  }
  if (gathers) {
    pixels = pixels.slice(2, 0, pixels.size(2), stride)
                 .slice(3, 0, pixels.size(3), stride)
                 .contiguous(x.suggest_memory_format());
    stride = 1;
  }
  return at::conv2d(pixels, filters, bias, {stride, stride},
                    {padding, padding});
}

}  // namespace reprise
