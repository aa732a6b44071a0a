// The types of the elements of buffers and tensors: one list for kernels,
// collectives, data sets and files.
#ifndef REPRISE_CORE_BASE_DTYPE_H_
#define REPRISE_CORE_BASE_DTYPE_H_

#include <cstdint>

namespace reprise {

enum class DType {
  kUint8,
  kInt32,
  kInt64,
  kFloat16,   // IEEE binary16
  kBFloat16,  // the upper half of a float32
  kFloat32,
  kFloat64
};

// Of one element.
constexpr int64_t SizeInBytes(DType dtype) {
  switch (dtype) {
    case DType::kUint8:
      return 1;
    case DType::kFloat16:
    case DType::kBFloat16:
      return 2;
    case DType::kInt32:
    case DType::kFloat32:
      return 4;
    case DType::kInt64:
    case DType::kFloat64:
      return 8;
  }
  return 0;
}

constexpr bool IsFloat(DType dtype) {
  switch (dtype) {
    case DType::kUint8:
    case DType::kInt32:
    case DType::kInt64:
      return false;
    case DType::kFloat16:
    case DType::kBFloat16:
    case DType::kFloat32:
    case DType::kFloat64:
      return true;
  }
  return false;
}

// "uint8", "bfloat16", as NumPy and PyTorch call them; for messages.
constexpr const char* DTypeName(DType dtype) {
  switch (dtype) {
    case DType::kUint8:
      return "uint8";
    case DType::kInt32:
      return "int32";
    case DType::kInt64:
      return "int64";
    case DType::kFloat16:
      return "float16";
    case DType::kBFloat16:
      return "bfloat16";
    case DType::kFloat32:
      return "float32";
    case DType::kFloat64:
      return "float64";
  }
  return "?";
}

}  // namespace reprise

#endif  // REPRISE_CORE_BASE_DTYPE_H_
