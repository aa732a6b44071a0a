#include "core/tensor/dropout_mask.h"

#include "core/base/check.h"
#include "core/base/half_float.h"
#include "core/base/philox.h"

namespace reprise {
namespace {

template <typename T>
void Fill(const DropoutKey& key, const std::vector<int64_t>& positions,
          int64_t elements, double probability, T kept, T* mask) {
  const float threshold = static_cast<float>(probability);
  for (const int64_t position : positions) {
    REPRISE_CHECK(position >= 0 && position < (int64_t{1} << 32))
        << "position " << position;
    PhiloxStream stream({key.seed, Purpose::kDropout, key.task, key.step,
                         static_cast<uint32_t>(position)});
    for (int64_t e = 0; e < elements; ++e) {
      *mask++ = stream.NextUniform() < threshold ? T{0} : kept;
    }
  }
}

}  // namespace

void FillDropoutMask(const DropoutKey& key,
                     const std::vector<int64_t>& positions, int64_t elements,
                     double probability, DType dtype, void* mask) {
  REPRISE_CHECK(probability >= 0 && probability < 1)
      << "probability " << probability;
  const double kept = 1 / (1 - probability);
  switch (dtype) {
    case DType::kBFloat16:
      return Fill(key, positions, elements, probability,
                  ToBFloat16(static_cast<float>(kept)),
                  static_cast<uint16_t*>(mask));
    case DType::kFloat32:
      return Fill(key, positions, elements, probability,
                  static_cast<float>(kept), static_cast<float*>(mask));
    case DType::kFloat64:
      return Fill(key, positions, elements, probability, kept,
                  static_cast<double*>(mask));
    default:
      REPRISE_CHECK(false) << "a mask of " << DTypeName(dtype);
  }
}

}  // namespace reprise
