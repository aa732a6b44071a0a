#include "core/tensor/optimizer_step.h"

#include <cmath>

#include "absl/strings/str_cat.h"
#include "core/base/check.h"

namespace reprise {
namespace {

// The functions below have no branch inside their loops, and their pointers do
// not alias: gcc makes vector code of each (which sqrt prevents without
// -fno-math-errno), and memory bounds the speed.

template <typename T, bool kMomentum, bool kNesterov>
void SgdLoop(const OptimizerOptions& options, int64_t step,
             double gradient_factor, const T* __restrict numerators, int64_t n,
             T* __restrict velocity, T* __restrict parameters) {
  const T factor = static_cast<T>(gradient_factor);
  const T lr = static_cast<T>(options.lr);
  const T weight_decay = static_cast<T>(options.weight_decay);
  const T momentum = static_cast<T>(options.momentum);
  const T kept = step == 1 ? T{0} : momentum;
  const T added = static_cast<T>(step == 1 ? 1 : 1 - options.dampening);
  for (int64_t i = 0; i < n; ++i) {
    const T g = numerators[i] * factor + weight_decay * parameters[i];
    T update = g;
    if constexpr (kMomentum) {
      velocity[i] = kept * velocity[i] + added * g;
      update = kNesterov ? g + momentum * velocity[i] : velocity[i];
    }
    parameters[i] -= lr * update;
  }
}

template <typename T, bool kDecoupled>
void AdamLoop(const OptimizerOptions& options, int64_t step,
              double gradient_factor, const T* __restrict numerators, int64_t n,
              T* __restrict mean, T* __restrict mean_square,
              T* __restrict parameters) {
  const double t = static_cast<double>(step);
  const T factor = static_cast<T>(gradient_factor);
  const T weight_decay =
      kDecoupled ? T{0} : static_cast<T>(options.weight_decay);
  const T shrink =
      static_cast<T>(kDecoupled ? 1 - options.lr * options.weight_decay : 1.0);
  const T step_size =
      static_cast<T>(options.lr / (1 - std::pow(options.beta1, t)));
  const T root_correction =
      static_cast<T>(std::sqrt(1 - std::pow(options.beta2, t)));
  const T beta2 = static_cast<T>(options.beta2);
  const T one_minus_beta1 = static_cast<T>(1 - options.beta1);
  const T one_minus_beta2 = static_cast<T>(1 - options.beta2);
  const T epsilon = static_cast<T>(options.EpsilonOrDefault());
  for (int64_t i = 0; i < n; ++i) {
    const T g = numerators[i] * factor + weight_decay * parameters[i];
    mean[i] += one_minus_beta1 * (g - mean[i]);
    mean_square[i] = beta2 * mean_square[i] + one_minus_beta2 * g * g;
    const T root = std::sqrt(mean_square[i]) / root_correction + epsilon;
    parameters[i] = shrink * parameters[i] - step_size * (mean[i] / root);
  }
}

template <typename T, bool kCentered, bool kMomentum>
void RmsPropLoop(const OptimizerOptions& options, double gradient_factor,
                 const T* __restrict numerators, int64_t n,
                 T* __restrict mean_square, T* __restrict mean,
                 T* __restrict velocity, T* __restrict parameters) {
  const T factor = static_cast<T>(gradient_factor);
  const T lr = static_cast<T>(options.lr);
  const T weight_decay = static_cast<T>(options.weight_decay);
  const T momentum = static_cast<T>(options.momentum);
  const T alpha = static_cast<T>(options.alpha);
  const T one_minus_alpha = static_cast<T>(1 - options.alpha);
  const T epsilon = static_cast<T>(options.EpsilonOrDefault());
  for (int64_t i = 0; i < n; ++i) {
    const T g = numerators[i] * factor + weight_decay * parameters[i];
    mean_square[i] = alpha * mean_square[i] + one_minus_alpha * g * g;
    T square = mean_square[i];
    if constexpr (kCentered) {
      mean[i] += one_minus_alpha * (g - mean[i]);
      square -= mean[i] * mean[i];
      square = square < 0 ? T{0} : square;  // keeps a NaN
    }
    T update = g / (std::sqrt(square) + epsilon);
    if constexpr (kMomentum) {
      velocity[i] = momentum * velocity[i] + update;
      update = velocity[i];
    }
    parameters[i] -= lr * update;
  }
}

template <typename T>
void AdagradLoop(const OptimizerOptions& options, double gradient_factor,
                 const T* __restrict numerators, int64_t n, T* __restrict sum,
                 T* __restrict parameters) {
  const T factor = static_cast<T>(gradient_factor);
  const T lr = static_cast<T>(options.lr);
  const T weight_decay = static_cast<T>(options.weight_decay);
  const T epsilon = static_cast<T>(options.EpsilonOrDefault());
  for (int64_t i = 0; i < n; ++i) {
    const T g = numerators[i] * factor + weight_decay * parameters[i];
    sum[i] += g * g;
    parameters[i] -= lr * (g / (std::sqrt(sum[i]) + epsilon));
  }
}

}  // namespace

double OptimizerOptions::EpsilonOrDefault() const {
  return epsilon.value_or(kind == OptimizerKind::kAdagrad ? 1e-10 : 1e-8);
}

std::vector<std::string> OptimizerOptions::Problems() const {
  std::vector<std::string> problems;
  auto require = [&](bool holds, const char* what, double found) {
    if (holds) return;
    problems.push_back(absl::StrCat(what, ", found ", found));
  };
  require(lr >= 0, "lr must be >= 0", lr);
  require(momentum >= 0, "momentum must be >= 0", momentum);
  require(weight_decay >= 0, "weight decay must be >= 0", weight_decay);
  require(beta1 >= 0 && beta1 < 1, "beta1 must be in [0, 1)", beta1);
  require(beta2 >= 0 && beta2 < 1, "beta2 must be in [0, 1)", beta2);
  require(EpsilonOrDefault() >= 0, "epsilon must be >= 0", EpsilonOrDefault());
  require(alpha >= 0, "alpha must be >= 0", alpha);
  if (nesterov && kind == OptimizerKind::kSgd) {
    require(momentum > 0, "nesterov needs a momentum > 0", momentum);
    require(dampening == 0, "nesterov needs a dampening of 0", dampening);
  }
  return problems;
}

int NumStates(const OptimizerOptions& options) {
  const int velocity = options.momentum != 0 ? 1 : 0;
  switch (options.kind) {
    case OptimizerKind::kSgd:
      return velocity;
    case OptimizerKind::kAdam:
    case OptimizerKind::kAdamW:
      return 2;
    case OptimizerKind::kRmsProp:
      return 1 + (options.centered ? 1 : 0) + velocity;
    case OptimizerKind::kAdagrad:
      return 1;
  }
  return 0;
}

template <typename T>
void OptimizerStep(const OptimizerOptions& options, int64_t step,
                   double gradient_factor, const T* numerators, int64_t n,
                   const std::vector<T*>& states, T* parameters) {
  REPRISE_CHECK(step >= 1) << "steps count from 1, found " << step;
  REPRISE_CHECK(static_cast<int>(states.size()) >= NumStates(options))
      << states.size() << " state vectors, " << NumStates(options) << " needed";
  const bool momentum = options.momentum != 0;
  switch (options.kind) {
    case OptimizerKind::kSgd: {
      const auto loop = !momentum          ? SgdLoop<T, false, false>
                        : options.nesterov ? SgdLoop<T, true, true>
                                           : SgdLoop<T, true, false>;
      return loop(options, step, gradient_factor, numerators, n,
                  momentum ? states[0] : nullptr, parameters);
    }
    case OptimizerKind::kAdam:
      return AdamLoop<T, false>(options, step, gradient_factor, numerators, n,
                                states[0], states[1], parameters);
    case OptimizerKind::kAdamW:
      return AdamLoop<T, true>(options, step, gradient_factor, numerators, n,
                               states[0], states[1], parameters);
    case OptimizerKind::kRmsProp: {
      const auto loop = options.centered
                            ? (momentum ? RmsPropLoop<T, true, true>
                                        : RmsPropLoop<T, true, false>)
                            : (momentum ? RmsPropLoop<T, false, true>
                                        : RmsPropLoop<T, false, false>);
      return loop(options, gradient_factor, numerators, n, states[0],
                  options.centered ? states[1] : nullptr,
                  momentum ? states[options.centered ? 2 : 1] : nullptr,
                  parameters);
    }
    case OptimizerKind::kAdagrad:
      return AdagradLoop<T>(options, gradient_factor, numerators, n, states[0],
                            parameters);
  }
}

template void OptimizerStep<float>(const OptimizerOptions&, int64_t, double,
                                   const float*, int64_t,
                                   const std::vector<float*>&, float*);
template void OptimizerStep<double>(const OptimizerOptions&, int64_t, double,
                                    const double*, int64_t,
                                    const std::vector<double*>&, double*);

}  // namespace reprise
