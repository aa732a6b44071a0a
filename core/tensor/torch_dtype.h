// DType as LibTorch's scalar type and back.
#ifndef REPRISE_CORE_TENSOR_TORCH_DTYPE_H_
#define REPRISE_CORE_TENSOR_TORCH_DTYPE_H_

#include <c10/core/ScalarType.h>

#include "core/base/check.h"
#include "core/base/dtype.h"

namespace reprise {

inline c10::ScalarType ScalarTypeOf(DType dtype) {
  switch (dtype) {
    case DType::kUint8:
      return c10::ScalarType::Byte;
    case DType::kInt32:
      return c10::ScalarType::Int;
    case DType::kInt64:
      return c10::ScalarType::Long;
    case DType::kFloat16:
      return c10::ScalarType::Half;
    case DType::kBFloat16:
      return c10::ScalarType::BFloat16;
    case DType::kFloat32:
      return c10::ScalarType::Float;
    case DType::kFloat64:
      return c10::ScalarType::Double;
  }
  return c10::ScalarType::Undefined;
}

// A type that DType lacks is a broken invariant.
inline DType DTypeOf(c10::ScalarType type) {
  for (const DType dtype :
       {DType::kUint8, DType::kInt32, DType::kInt64, DType::kFloat16,
        DType::kBFloat16, DType::kFloat32, DType::kFloat64}) {
    if (ScalarTypeOf(dtype) == type) return dtype;
  }
  REPRISE_CHECK(false) << "scalar type " << static_cast<int>(type);
  return DType::kFloat32;
}

}  // namespace reprise

#endif  // REPRISE_CORE_TENSOR_TORCH_DTYPE_H_
