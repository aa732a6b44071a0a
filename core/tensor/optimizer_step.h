// One step of an optimizer over a flat parameter vector, in one pass, with the
// division by the sum of sample weights fused in. The recurrences are those of
// torch.optim (PyTorch 2.11), options and defaults included.
#ifndef REPRISE_CORE_TENSOR_OPTIMIZER_STEP_H_
#define REPRISE_CORE_TENSOR_OPTIMIZER_STEP_H_

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace reprise {

enum class OptimizerKind { kSgd, kAdam, kAdamW, kRmsProp, kAdagrad };

struct OptimizerOptions {
  double lr = 0.01;
  double momentum = 0.0;      // SGD, RMSprop
  double weight_decay = 0.0;  // AdamW: decoupled; others: added to the gradient
  OptimizerKind kind = OptimizerKind::kSgd;
  bool nesterov = false;   // SGD
  double dampening = 0.0;  // SGD
  double beta1 = 0.9;      // Adam, AdamW
  double beta2 = 0.999;
  // Unset: 1e-10 for Adagrad, 1e-8 for the others, which is PyTorch's.
  std::optional<double> epsilon = std::nullopt;
  double alpha = 0.99;    // RMSprop
  bool centered = false;  // RMSprop

  double EpsilonOrDefault() const;

  // What is wrong with the values, one sentence each; empty if nothing is.
  std::vector<std::string> Problems() const;
};

// How many state vectors, as long as the parameters, a step needs:
//   SGD      0, or 1 with momentum: velocity
//   Adam(W)  2: mean and mean square of the gradient
//   RMSprop  1 to 3: mean square; mean if centered; velocity with momentum
//   Adagrad  1: sum of squares
int NumStates(const OptimizerOptions& options);

// Updates n parameters and NumStates(options) or more states, in the order
// above. States are zero before the first step (as after a change of kind);
// `step` counts from 1 since then. With
//   g = numerators * gradient_factor (+ weight_decay * parameter, not AdamW):
//   SGD      v = momentum v + (1 - dampening) g, v = g in the first step;
//            parameter -= lr v, or lr (g + momentum v) with nesterov
//   Adam     m += (1 - beta1)(g - m), s = beta2 s + (1 - beta2) g^2,
//            parameter -= lr / (1 - beta1^step) m /
//                         (sqrt(s) / sqrt(1 - beta2^step) + epsilon)
//   AdamW    parameter *= 1 - lr weight_decay, then as Adam
//   RMSprop  s = alpha s + (1 - alpha) g^2; if centered, a += (1 - alpha)(g -
//   a)
//            and s - a^2 stands for s below;
//            u = g / (sqrt(s) + epsilon); v = momentum v + u in place of u with
//            momentum; parameter -= lr u
//   Adagrad  s += g^2, parameter -= lr g / (sqrt(s) + epsilon)
// Arithmetic in T (float or double), coefficients in double. One deviation from
// PyTorch: where rounding leaves s - a^2 below 0 it counts as 0, not as NaN.
// No two of the arrays overlap.
template <typename T>
void OptimizerStep(const OptimizerOptions& options, int64_t step,
                   double gradient_factor, const T* numerators, int64_t n,
                   const std::vector<T*>& states, T* parameters);

}  // namespace reprise

#endif  // REPRISE_CORE_TENSOR_OPTIMIZER_STEP_H_
