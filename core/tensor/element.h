// The element types that kernels compute in, and bfloat16 as its bits.
#ifndef REPRISE_CORE_TENSOR_ELEMENT_H_
#define REPRISE_CORE_TENSOR_ELEMENT_H_

#include <cstdint>
#include <cstring>

namespace reprise {

enum class Element { kBFloat16, kFloat32, kFloat64 };

// Round to nearest, ties to even. Not for NaN.
inline uint16_t ToBFloat16(float value) {
  uint32_t bits;
  std::memcpy(&bits, &value, sizeof(bits));
  return static_cast<uint16_t>((bits + 0x7FFF + ((bits >> 16) & 1)) >> 16);
}

}  // namespace reprise

#endif  // REPRISE_CORE_TENSOR_ELEMENT_H_
