#include "core/comm/gradients/gradient_memory.h"

#include <algorithm>
#include <optional>
#include <vector>

#include "core/base/dtype.h"
#include "core/comm/half_floats.h"

namespace reprise {
namespace {

template <typename T>
class HostGradients final : public GradientMemory {
 public:
  HostGradients(void* flat, DType dtype)
      : flat_(static_cast<T*>(flat)), dtype_(dtype) {}

  DType dtype() const override { return dtype_; }
  void Compress(DType dtype, int64_t elements) override {
    half_type_ = dtype;
    halves_.resize(elements);
  }

  void Set(int64_t element, double value) override {
    flat_[element] = static_cast<T>(value);
  }
  double Get(int64_t element) override {
    return static_cast<double>(flat_[element]);
  }
  void* at(int64_t element) override { return flat_ + element; }
  void* sent(int64_t offset) override {
    if (!half_type_.has_value()) return at(offset);
    return halves_.data() + offset;
  }

  void Prepare(int64_t offset, int64_t count, double factor) override {
    if (half_type_.has_value()) {
      Narrow(Floats(offset), count, static_cast<float>(factor), *half_type_,
             halves_.data() + offset);
    } else if (factor != 1) {
      Scale(offset, count, factor);
    }
  }

  bool Restore(int64_t offset, int64_t count, double factor) override {
    if (!half_type_.has_value() && factor == 1) return true;
    bool finite = true;
    // In pieces that are still in the cache when they are looked at.
    constexpr int64_t kPiece = 4096;
    for (int64_t end = offset + count; offset < end; offset += kPiece) {
      const int64_t piece = std::min(kPiece, end - offset);
      if (half_type_.has_value()) {
        Widen(halves_.data() + offset, piece, static_cast<float>(factor),
              *half_type_, Floats(offset));
      } else {
        Scale(offset, piece, factor);
      }
      finite = AllFinite(flat_ + offset, piece) && finite;
    }
    return finite;
  }

 private:
  // Only float32 is compressed.
  float* Floats(int64_t offset) {
    return reinterpret_cast<float*>(flat_) + offset;
  }

  void Scale(int64_t offset, int64_t count, double factor) {
    const T by = static_cast<T>(factor);
    for (int64_t i = offset; i < offset + count; ++i) flat_[i] *= by;
  }

  T* const flat_;
  const DType dtype_;
  std::vector<uint16_t> halves_;  // by element of flat_, when compressed
  std::optional<DType> half_type_;
};

}  // namespace

std::unique_ptr<GradientMemory> MakeHostGradients(void* flat, DType dtype) {
  if (dtype == DType::kFloat64) {
    return std::make_unique<HostGradients<double>>(flat, dtype);
  }
  return std::make_unique<HostGradients<float>>(flat, dtype);
}

}  // namespace reprise
