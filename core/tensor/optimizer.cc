#include "core/tensor/optimizer.h"

#include <ATen/ops/sqrt.h>
#include <ATen/ops/zeros_like.h>

#include <cmath>

namespace reprise {
namespace {

template <typename T>
void StepOnHost(const OptimizerOptions& options, int64_t step, double factor,
                const at::Tensor& numerators,
                const std::vector<at::Tensor>& states,
                const at::Tensor& parameters) {
  std::vector<T*> pointers;
  for (const at::Tensor& state : states) {
    pointers.push_back(state.data_ptr<T>());
  }
  OptimizerStep<T>(options, step, factor, numerators.data_ptr<T>(),
                   parameters.numel(), pointers, parameters.data_ptr<T>());
}

}  // namespace

Optimizer::Optimizer(const at::Tensor& parameters) : parameters_(parameters) {}

void Optimizer::Reset() {
  states_.clear();
  steps_ = 0;
  kind_ = std::nullopt;
}

void Optimizer::Prepare(const OptimizerOptions& options) {
  if (kind_ != options.kind) Reset();
  kind_ = options.kind;
  while (static_cast<int>(states_.size()) < NumStates(options)) {
    states_.push_back(at::zeros_like(parameters_));
  }
  ++steps_;
}

void Optimizer::Step(const OptimizerOptions& options, double gradient_factor,
                     const at::Tensor& numerators) {
  if (!parameters_.is_cpu()) {
    StepByTensorOperations(options, gradient_factor, numerators);
    return;
  }
  Prepare(options);
  if (parameters_.scalar_type() == at::kDouble) {
    StepOnHost<double>(options, steps_, gradient_factor, numerators, states_,
                       parameters_);
  } else {
    StepOnHost<float>(options, steps_, gradient_factor, numerators, states_,
                      parameters_);
  }
}

void Optimizer::StepByTensorOperations(const OptimizerOptions& options,
                                       double gradient_factor,
                                       const at::Tensor& numerators) {
  Prepare(options);
  const double lr = options.lr, epsilon = options.EpsilonOrDefault();
  at::Tensor g = numerators.to(parameters_.device()).mul(gradient_factor);
  if (options.weight_decay != 0) {
    if (options.kind == OptimizerKind::kAdamW) {
      parameters_.mul_(1 - lr * options.weight_decay);
    } else {
      g.add_(parameters_, options.weight_decay);
    }
  }
  switch (options.kind) {
    case OptimizerKind::kSgd: {
      if (options.momentum == 0) break;
      at::Tensor& velocity = states_[0];
      const double share = steps_ == 1 ? 1 : 1 - options.dampening;
      velocity.mul_(options.momentum).add_(g, share);
      if (options.nesterov) {
        g.add_(velocity, options.momentum);
      } else {
        g = velocity;
      }
      break;
    }
    case OptimizerKind::kAdam:
    case OptimizerKind::kAdamW: {
      at::Tensor &mean = states_[0], &square = states_[1];
      mean.add_(g.sub(mean), 1 - options.beta1);
      square.mul_(options.beta2).addcmul_(g, g, 1 - options.beta2);
      const double steps = static_cast<double>(steps_);
      const double correction1 = 1 - std::pow(options.beta1, steps);
      const double correction2 = 1 - std::pow(options.beta2, steps);
      g = mean.div(correction1)
              .div_(square.sqrt().div_(std::sqrt(correction2)).add_(epsilon));
      break;
    }
    case OptimizerKind::kRmsProp: {
      at::Tensor& square = states_[0];
      square.mul_(options.alpha).addcmul_(g, g, 1 - options.alpha);
      at::Tensor spread = square;
      size_t next = 1;
      if (options.centered) {
        at::Tensor& mean = states_[next++];
        mean.add_(g.sub(mean), 1 - options.alpha);
        spread = square.addcmul(mean, mean, -1).clamp_min_(0);
      }
      g = g.div(at::sqrt(spread).add_(epsilon));
      if (options.momentum > 0) {
        at::Tensor& velocity = states_[next];
        velocity.mul_(options.momentum).add_(g);
        g = velocity;
      }
      break;
    }
    case OptimizerKind::kAdagrad: {
      at::Tensor& square = states_[0];
      square.addcmul_(g, g);
      g = g.div(square.sqrt().add_(epsilon));
      break;
    }
  }
  parameters_.sub_(g, lr);
}

}  // namespace reprise
