// LibTorch's scalar type as the kernels' element type.
#ifndef REPRISE_CORE_TENSOR_TORCH_ELEMENT_H_
#define REPRISE_CORE_TENSOR_TORCH_ELEMENT_H_

#include <c10/core/ScalarType.h>

#include "core/base/check.h"
#include "core/tensor/element.h"

namespace reprise {

// kBFloat16, kFloat or kDouble; anything else is a broken invariant.
inline Element ElementOf(c10::ScalarType type) {
  if (type == c10::ScalarType::BFloat16) return Element::kBFloat16;
  if (type == c10::ScalarType::Float) return Element::kFloat32;
  REPRISE_CHECK(type == c10::ScalarType::Double)
      << "scalar type " << static_cast<int>(type);
  return Element::kFloat64;
}

}  // namespace reprise

#endif  // REPRISE_CORE_TENSOR_TORCH_ELEMENT_H_
