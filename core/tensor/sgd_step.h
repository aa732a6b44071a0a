// One step of stochastic gradient descent over a flat parameter vector, with
// the division by the sum of sample weights fused in.
#ifndef REPRISE_CORE_TENSOR_SGD_STEP_H_
#define REPRISE_CORE_TENSOR_SGD_STEP_H_

#include <cstdint>

namespace reprise {

struct SgdOptions {
  double lr = 0.01;
  double momentum = 0.0;
  double weight_decay = 0.0;
};

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
