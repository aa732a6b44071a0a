#include "core/comm/reduce.h"

#include <algorithm>
#include <cstring>

#include "absl/strings/str_cat.h"

namespace reprise {
namespace {

template <typename T>
T Apply(T a, T b, ReduceOp op) {
  switch (op) {
    case ReduceOp::kSum:
      return a + b;
    case ReduceOp::kMax:
      return std::max(a, b);
    case ReduceOp::kMin:
      return std::min(a, b);
  }
  return a;
}

template <typename T>
void ReduceAs(const void* from, void* into, int64_t count, ReduceOp op) {
  const T* a = static_cast<const T*>(from);
  T* b = static_cast<T*>(into);
  for (int64_t i = 0; i < count; ++i) b[i] = Apply<T>(b[i], a[i], op);
}

float FromBFloat16(uint16_t bits) {
  const uint32_t wide = static_cast<uint32_t>(bits) << 16;
  float value;
  std::memcpy(&value, &wide, sizeof(value));
  return value;
}

uint16_t ToBFloat16(float value) {
  uint32_t bits;
  std::memcpy(&bits, &value, sizeof(bits));
  if ((bits & 0x7FFFFFFF) > 0x7F800000) return 0x7FC0;  // NaN
  return static_cast<uint16_t>((bits + 0x7FFF + ((bits >> 16) & 1)) >> 16);
}

float FromFloat16(uint16_t half) {
  const uint32_t sign = static_cast<uint32_t>(half & 0x8000) << 16;
  const int exponent = (half >> 10) & 0x1F;
  const uint32_t mantissa = half & 0x3FF;
  uint32_t bits;
  if (exponent == 0x1F) {
    bits = sign | 0x7F800000 | (mantissa << 13);
  } else if (exponent != 0) {
    bits =
        sign | static_cast<uint32_t>(exponent + 112) << 23 | (mantissa << 13);
  } else {
    const float magnitude = mantissa * (1.0f / (1 << 24));
    return sign != 0 ? -magnitude : magnitude;
  }
  float value;
  std::memcpy(&value, &bits, sizeof(value));
  return value;
}

uint16_t ToFloat16(float value) {
  uint32_t bits;
  std::memcpy(&bits, &value, sizeof(bits));
  const uint16_t sign = static_cast<uint16_t>((bits >> 16) & 0x8000);
  bits &= 0x7FFFFFFF;
  if (bits > 0x7F800000) return sign | 0x7E00;   // NaN
  if (bits >= 0x477FF000) return sign | 0x7C00;  // rounds to infinity
  if (bits >= 0x38800000) {                      // normal
    const uint32_t rounded = bits + 0xFFF + ((bits >> 13) & 1);
    return sign | static_cast<uint16_t>((rounded - 0x38000000) >> 13);
  }
  // Subnormal: adding 0.5 aligns the mantissa and rounds to nearest even.
  float magnitude;
  std::memcpy(&magnitude, &bits, sizeof(magnitude));
  const float aligned = magnitude + 0.5f;
  uint32_t aligned_bits;
  std::memcpy(&aligned_bits, &aligned, sizeof(aligned_bits));
  return sign | static_cast<uint16_t>(aligned_bits - 0x3F000000);
}

template <float (*kFrom)(uint16_t), uint16_t (*kTo)(float)>
void ReduceHalf(const void* from, void* into, int64_t count, ReduceOp op) {
  const uint16_t* a = static_cast<const uint16_t*>(from);
  uint16_t* b = static_cast<uint16_t*>(into);
  for (int64_t i = 0; i < count; ++i) {
    b[i] = kTo(Apply<float>(kFrom(b[i]), kFrom(a[i]), op));
  }
}

const char* Name(DType dtype) {
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

const char* Name(ReduceOp op) {
  switch (op) {
    case ReduceOp::kSum:
      return "sum";
    case ReduceOp::kMax:
      return "max";
    case ReduceOp::kMin:
      return "min";
  }
  return "?";
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
      return ReduceHalf<FromFloat16, ToFloat16>(from, into, count, op);
    case DType::kBFloat16:
      return ReduceHalf<FromBFloat16, ToBFloat16>(from, into, count, op);
    case DType::kFloat32:
      return ReduceAs<float>(from, into, count, op);
    case DType::kFloat64:
      return ReduceAs<double>(from, into, count, op);
  }
}

std::string Signature(const Collective& collective) {
  std::string text = KindName(collective.kind);
  switch (collective.kind) {
    case Collective::Kind::kAllReduce:
      absl::StrAppend(&text, " of ", collective.count, " ",
                      Name(collective.dtype), " (", Name(collective.op), ")");
      break;
    case Collective::Kind::kBroadcast:
      absl::StrAppend(&text, " of ", collective.count, " bytes from rank ",
                      collective.root);
      break;
    case Collective::Kind::kAllGather:
      absl::StrAppend(&text, " of ", collective.count, " bytes");
      break;
    case Collective::Kind::kAllToAllv:
    case Collective::Kind::kBarrier:
      break;
  }
  return text;
}

}  // namespace reprise
