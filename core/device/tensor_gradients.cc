#include "core/device/tensor_gradients.h"

#include <ATen/ops/empty.h>
#include <ATen/ops/isfinite.h>

#include <cstdint>

#include "core/base/check.h"
#include "core/tensor/torch_dtype.h"

namespace reprise {
namespace {

class TensorGradients final : public GradientMemory {
 public:
  explicit TensorGradients(const at::Tensor& flat) : flat_(flat) {
    REPRISE_CHECK(flat.dim() == 1 && flat.is_contiguous()) << "gradients";
  }

  DType dtype() const override { return DTypeOf(flat_.scalar_type()); }

  void Compress(DType dtype, int64_t elements) override {
    halves_ = at::empty({elements}, flat_.options().dtype(ScalarTypeOf(dtype)));
  }

  void Set(int64_t element, double value) override {
    flat_.narrow(0, element, 1).fill_(value);
  }
  double Get(int64_t element) override {
    return flat_.narrow(0, element, 1).item().toDouble();
  }
  void* at(int64_t element) override { return PointerInto(flat_, element); }
  void* sent(int64_t offset) override {
    return PointerInto(halves_.defined() ? halves_ : flat_, offset);
  }

  void Prepare(int64_t offset, int64_t count, double factor) override {
    at::Tensor gradients = flat_.narrow(0, offset, count);
    if (halves_.defined()) {
      halves_.narrow(0, offset, count)
          .copy_(factor == 1 ? gradients : gradients.mul(factor));
    } else if (factor != 1) {
      gradients.mul_(factor);
    }
  }

  bool Restore(int64_t offset, int64_t count, double factor) override {
    at::Tensor gradients = flat_.narrow(0, offset, count);
    if (halves_.defined()) {
      gradients.copy_(halves_.narrow(0, offset, count));
    } else if (factor == 1) {
      return true;
    }
    if (factor != 1) gradients.mul_(factor);
    return at::isfinite(gradients).all().item().toBool();
  }

 private:
  static void* PointerInto(const at::Tensor& flat, int64_t element) {
    return static_cast<char*>(flat.data_ptr()) + element * flat.element_size();
  }

  const at::Tensor flat_;
  at::Tensor halves_;  // by element of flat_, when compressed
};

}  // namespace

std::unique_ptr<GradientMemory> MakeTensorGradients(const at::Tensor& flat) {
  return std::make_unique<TensorGradients>(flat);
}

}  // namespace reprise
