#include "core/tensor/gather_scale.h"

#include "core/base/check.h"
#include "core/base/half_float.h"
#include "core/base/processor.h"

#if defined(__x86_64__)
#define REPRISE_GATHER_SCALE_AVX2 1
#else
#define REPRISE_GATHER_SCALE_AVX2 0
#endif

namespace reprise {
namespace {

void Store(float row, float scale, float* out) { *out = row * scale; }
void Store(float row, float scale, double* out) { *out = double{row} * scale; }
void Store(float row, float scale, uint16_t* out) {
  *out = ToBFloat16(row * scale);
}

// The compiler makes vectors of it, as wide as the function allows that it is
// part of.
template <typename T>
__attribute__((always_inline)) inline void ScaleLoop(
    const float* __restrict row, const float* __restrict scale,
    int64_t elements, T* __restrict out) {
  for (int64_t e = 0; e < elements; ++e) Store(row[e], scale[e], &out[e]);
}

template <typename T>
void ScaleRow(const float* row, const float* scale, int64_t elements, T* out) {
  ScaleLoop(row, scale, elements, out);
}

#if REPRISE_GATHER_SCALE_AVX2
// Rows that come from memory limit AVX-512 to the same speed.
template <typename T>
__attribute__((target("avx2"))) void ScaleRowAvx2(const float* row,
                                                  const float* scale,
                                                  int64_t elements, T* out) {
  ScaleLoop(row, scale, elements, out);
}
#endif

template <typename T>
void GatherAs(const std::vector<const std::byte*>& rows,
              const std::vector<float>& scale, T* out) {
  auto* scale_row = ScaleRow<T>;
#if REPRISE_GATHER_SCALE_AVX2
  if (ThisProcessor() >= ProcessorFamily::kAvx2) scale_row = ScaleRowAvx2<T>;
#endif
  const int64_t elements = static_cast<int64_t>(scale.size());
  for (const std::byte* row : rows) {
    scale_row(reinterpret_cast<const float*>(row), scale.data(), elements, out);
    out += elements;
  }
}

}  // namespace

void GatherScale(const std::vector<const std::byte*>& rows,
                 const std::vector<float>& scale, DType dtype, void* out) {
  switch (dtype) {
    case DType::kBFloat16:
      return GatherAs(rows, scale, static_cast<uint16_t*>(out));
    case DType::kFloat32:
      return GatherAs(rows, scale, static_cast<float*>(out));
    case DType::kFloat64:
      return GatherAs(rows, scale, static_cast<double*>(out));
    default:
      REPRISE_CHECK(false) << "input of " << DTypeName(dtype);
  }
}

}  // namespace reprise
