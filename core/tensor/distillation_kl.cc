#include "core/tensor/distillation_kl.h"

#include <algorithm>
#include <cmath>

namespace reprise {
namespace {

template <typename T>
double LogSumExp(const T* row, int64_t n) {
  const double largest = *std::max_element(row, row + n);
  double sum = 0;
  for (int64_t k = 0; k < n; ++k) sum += std::exp(row[k] - largest);
  return largest + std::log(sum);
}

}  // namespace

template <typename T>
void DistillationKl(const T* logits, const T* previous_logits,
                    const float* weights, int64_t n, int64_t num_classes,
                    double scale, double* losses, T* gradient) {
  for (int64_t i = 0; i < n; ++i) {
    const T* row = logits + i * num_classes;
    const T* previous_row = previous_logits + i * num_classes;
    const double log_sum = LogSumExp(row, num_classes);
    const double previous_log_sum = LogSumExp(previous_row, num_classes);
    const double factor = scale * weights[i];
    double loss = 0;
    for (int64_t k = 0; k < num_classes; ++k) {
      const double log_s = row[k] - log_sum;
      const double log_p = previous_row[k] - previous_log_sum;
      const double p = std::exp(log_p);
      loss += p * (log_p - log_s);
      if (gradient != nullptr) {
        gradient[i * num_classes + k] =
            static_cast<T>(factor * (std::exp(log_s) - p));
      }
    }
    // Rounding may leave equal distributions a little below.
    losses[i] = loss < 0 ? 0 : loss;
  }
}

#define REPRISE_INSTANTIATE(T)                                               \
  template void DistillationKl<T>(const T*, const T*, const float*, int64_t, \
                                  int64_t, double, double*, T*);
REPRISE_INSTANTIATE(float)
REPRISE_INSTANTIATE(double)
#undef REPRISE_INSTANTIATE

}  // namespace reprise
