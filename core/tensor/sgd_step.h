// One step of stochastic gradient descent over a flat parameter vector, with
// the division by the sum of sample weights fused in.
#ifndef REPRISE_CORE_TENSOR_SGD_STEP_H_
#define REPRISE_CORE_TENSOR_SGD_STEP_H_

#include <cstdint>

#include "core/tensor/optimizer_step.h"

namespace reprise {

// Of which lr, momentum and weight_decay count here.
using SgdOptions = OptimizerOptions;

// For each of n parameters, in the order of torch.optim.SGD:
//   g = numerators * gradient_factor + weight_decay * parameter
//   velocity = momentum * velocity + g
//   parameter -= lr * velocity
// velocity starts at zero. T is float or double.
template <typename T>
void SgdStep(const SgdOptions& options, double gradient_factor,
             const T* numerators, int64_t n, T* velocity, T* parameters);

}  // namespace reprise

#endif  // REPRISE_CORE_TENSOR_SGD_STEP_H_
