#include "core/tensor/sigmoid_distillation.h"

#include <algorithm>
#include <cmath>

#include "core/base/check.h"

namespace reprise {
namespace {

// e = exp(-|z|), which cannot overflow.
double Sigmoid(double z, double e) { return (z >= 0 ? 1 : e) / (1 + e); }

}  // namespace

template <typename T>
void SigmoidDistillation(const T* logits, const T* previous_logits,
                         const int32_t* labels, const float* weights,
                         const std::vector<ClassRole>& roles, int64_t n,
                         double scale, double* losses, T* gradient) {
  REPRISE_CHECK(previous_logits != nullptr ||
                std::find(roles.begin(), roles.end(), ClassRole::kOld) ==
                    roles.end())
      << "old classes need the previous network's logits";
  const int64_t num_classes = static_cast<int64_t>(roles.size());
  for (int64_t i = 0; i < n; ++i) {
    const double factor = scale * weights[i];
    double loss = 0;
    for (int64_t k = 0; k < num_classes; ++k) {
      const int64_t at = i * num_classes + k;
      if (roles[k] == ClassRole::kUnseen) {
        if (gradient != nullptr) gradient[at] = 0;
        continue;
      }
      double target = k == labels[i] ? 1 : 0;
      if (roles[k] == ClassRole::kOld) {
        const double q = previous_logits[at];
        target = Sigmoid(q, std::exp(-std::abs(q)));
      }
      const double z = logits[at];
      const double e = std::exp(-std::abs(z));
      // -t log s(z) - (1 - t) log s(-z), with log s(z) = min(z, 0) - log(1+e).
      loss += (z > 0 ? z : 0) - z * target + std::log1p(e);
      if (gradient != nullptr) {
        gradient[at] = static_cast<T>(factor * (Sigmoid(z, e) - target));
      }
    }
    losses[i] = loss;
  }
}

#define REPRISE_INSTANTIATE(T)                          \
  template void SigmoidDistillation<T>(                 \
      const T*, const T*, const int32_t*, const float*, \
      const std::vector<ClassRole>&, int64_t, double, double*, T*);
REPRISE_INSTANTIATE(float)
REPRISE_INSTANTIATE(double)
#undef REPRISE_INSTANTIATE

}  // namespace reprise
