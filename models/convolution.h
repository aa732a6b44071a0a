// The one place that convolves, for all networks: what LibTorch computes
// rightly, and as fast as it can.
//
// oneDNN, which LibTorch takes on CPUs, computes some convolutions wrongly or
// writes outside its memory (docs/PROCESSORS.md has the search and its table).
// Those are computed here in another form that it does right (pixels gathered,
// zeros around pixels or behind channels); none of the published networks has
// one. On GPUs every convolution is LibTorch's own.
#ifndef REPRISE_MODELS_CONVOLUTION_H_
#define REPRISE_MODELS_CONVOLUTION_H_

#include <ATen/core/Tensor.h>

#include <cstdint>

namespace reprise {

// x [n, I, H, W], weight [O, I, h, w] and bias [O] (or undefined) of one type,
// in any memory format; `stride` and `padding` in both dimensions. Returns [n,
// O, ...], in channels last where x or weight is. Differentiable. LibTorch's
// exceptions pass through.
at::Tensor Convolve(const at::Tensor& x, const at::Tensor& weight,
                    const at::Tensor& bias, int64_t stride, int64_t padding);

}  // namespace reprise

#endif  // REPRISE_MODELS_CONVOLUTION_H_
