// Tensors in a state (core/base/state.h): their values in the order of their
// elements, wherever and however they lie in memory.
#ifndef REPRISE_CORE_TENSOR_TENSOR_STATE_H_
#define REPRISE_CORE_TENSOR_TENSOR_STATE_H_

#include <ATen/core/Tensor.h>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "core/base/state.h"

namespace reprise {

// Waits for the tensor's device. LibTorch exceptions pass through.
void PutTensor(const StateWriter& state, absl::string_view name,
               const at::Tensor& tensor);

// Fills `tensor`, whose type and shape must be those of the one that was put.
// DataError where they are not; LibTorch exceptions pass through.
absl::Status GetTensor(const StateReader& state, absl::string_view name,
                       const at::Tensor& tensor);

}  // namespace reprise

#endif  // REPRISE_CORE_TENSOR_TENSOR_STATE_H_
