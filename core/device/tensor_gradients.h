// Gradients that a GradientReducer sums where they are: in the memory of any
// device of LibTorch's.
#ifndef REPRISE_CORE_DEVICE_TENSOR_GRADIENTS_H_
#define REPRISE_CORE_DEVICE_TENSOR_GRADIENTS_H_

#include <ATen/core/Tensor.h>

#include <memory>

#include "core/comm/gradients/gradient_memory.h"

namespace reprise {

// `flat`: fp32 or fp64, one-dimensional, contiguous. Works on the calling
// thread's current stream, with the results of MakeHostGradients. LibTorch
// exceptions pass through.
std::unique_ptr<GradientMemory> MakeTensorGradients(const at::Tensor& flat);

}  // namespace reprise

#endif  // REPRISE_CORE_DEVICE_TENSOR_GRADIENTS_H_
