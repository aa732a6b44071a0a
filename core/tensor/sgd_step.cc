#include "core/tensor/sgd_step.h"

namespace reprise {

template <typename T>
void SgdStep(const SgdOptions& options, double gradient_factor,
             const T* __restrict numerators, int64_t n, T* __restrict velocity,
             T* __restrict parameters) {
  const T factor = static_cast<T>(gradient_factor);
  const T lr = static_cast<T>(options.lr);
  const T momentum = static_cast<T>(options.momentum);
  const T weight_decay = static_cast<T>(options.weight_decay);
  for (int64_t i = 0; i < n; ++i) {
    const T g = numerators[i] * factor + weight_decay * parameters[i];
    velocity[i] = momentum * velocity[i] + g;
    parameters[i] -= lr * velocity[i];
  }
}

template void SgdStep<float>(const SgdOptions&, double, const float*, int64_t,
                             float*, float*);
template void SgdStep<double>(const SgdOptions&, double, const double*, int64_t,
                              double*, double*);

}  // namespace reprise
