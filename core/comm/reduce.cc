#include "core/comm/reduce.h"

#include <algorithm>

#include "core/base/dtype.h"
#include "core/comm/collective.h"
#include "core/comm/half_floats.h"

namespace reprise {
namespace {

template <typename T>
void ReduceAs(const void* from, void* into, int64_t count, ReduceOp op) {
  const T* a = static_cast<const T*>(from);
  T* b = static_cast<T*>(into);
  switch (op) {
    case ReduceOp::kSum:
      for (int64_t i = 0; i < count; ++i) b[i] = b[i] + a[i];
      return;
    case ReduceOp::kMax:
      for (int64_t i = 0; i < count; ++i) b[i] = std::max(b[i], a[i]);
      return;
    case ReduceOp::kMin:
      for (int64_t i = 0; i < count; ++i) b[i] = std::min(b[i], a[i]);
      return;
  }
}

// In pieces that stay in the nearest cache: widened, reduced, narrowed.
void ReduceHalf(const void* from, void* into, int64_t count, DType dtype,
                ReduceOp op) {
  constexpr int64_t kPiece = 512;
  const uint16_t* a = static_cast<const uint16_t*>(from);
  uint16_t* b = static_cast<uint16_t*>(into);
  float wide_a[kPiece], wide_b[kPiece];
  for (int64_t begin = 0; begin < count; begin += kPiece) {
    const int64_t piece = std::min(kPiece, count - begin);
    Widen(a + begin, piece, 1, dtype, wide_a);
    Widen(b + begin, piece, 1, dtype, wide_b);
    ReduceAs<float>(wide_a, wide_b, piece, op);
    Narrow(wide_b, piece, 1, dtype, b + begin);
  }
}

}  // namespace

void Reduce(const void* from, void* into, int64_t count, DType dtype,
            ReduceOp op) {
  switch (dtype) {
    case DType::kUint8:
      return ReduceAs<uint8_t>(from, into, count, op);
    case DType::kInt32:
      return ReduceAs<int32_t>(from, into, count, op);
    case DType::kInt64:
      return ReduceAs<int64_t>(from, into, count, op);
    case DType::kFloat16:
    case DType::kBFloat16:
      return ReduceHalf(from, into, count, dtype, op);
    case DType::kFloat32:
      return ReduceAs<float>(from, into, count, op);
    case DType::kFloat64:
      return ReduceAs<double>(from, into, count, op);
  }
}

}  // namespace reprise
