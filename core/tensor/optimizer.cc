#include "core/tensor/optimizer.h"

#include <ATen/ops/sqrt.h>
#include <ATen/ops/where.h>
#include <ATen/ops/zeros_like.h>

#include <cmath>
#include <utility>

#include "absl/strings/str_cat.h"
#include "core/base/check.h"
#include "core/base/status.h"
#include "core/tensor/tensor_state.h"

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

// What is subtracted lr times, by the rules of optimizer_step.h on tensors;
// each updates its states. `g`, the gradient, may be overwritten.
at::Tensor SgdDirection(const OptimizerOptions& options, int64_t step,
                        const at::Tensor& g, std::vector<at::Tensor>& states) {
  if (options.momentum == 0) return g;
  at::Tensor& velocity = states[0];
  const double share = step == 1 ? 1 : 1 - options.dampening;
  velocity.mul_(options.momentum).add_(g, share);
  return options.nesterov ? g.add_(velocity, options.momentum) : velocity;
}

at::Tensor AdamDirection(const OptimizerOptions& options, int64_t step,
                         const at::Tensor& g, std::vector<at::Tensor>& states) {
  at::Tensor &mean = states[0], &square = states[1];
  mean.add_(g.sub(mean), 1 - options.beta1);
  square.mul_(options.beta2).addcmul_(g, g, 1 - options.beta2);
  const double steps = static_cast<double>(step);
  const double correction1 = 1 - std::pow(options.beta1, steps);
  const double correction2 = 1 - std::pow(options.beta2, steps);
  return mean.div(correction1)
      .div_(square.sqrt()
                .div_(std::sqrt(correction2))
                .add_(options.EpsilonOrDefault()));
}

at::Tensor RmsPropDirection(const OptimizerOptions& options,
                            const at::Tensor& g,
                            std::vector<at::Tensor>& states) {
  at::Tensor& square = states[0];
  square.mul_(options.alpha).addcmul_(g, g, 1 - options.alpha);
  at::Tensor spread = square;
  size_t next = 1;
  if (options.centered) {
    at::Tensor& mean = states[next++];
    mean.add_(g.sub(mean), 1 - options.alpha);
    spread = square.addcmul(mean, mean, -1).clamp_min_(0);
  }
  const at::Tensor scaled =
      g.div(at::sqrt(spread).add_(options.EpsilonOrDefault()));
  if (options.momentum <= 0) return scaled;
  at::Tensor& velocity = states[next];
  return velocity.mul_(options.momentum).add_(scaled);
}

at::Tensor AdagradDirection(const OptimizerOptions& options,
                            const at::Tensor& g,
                            std::vector<at::Tensor>& states) {
  at::Tensor& square = states[0];
  square.addcmul_(g, g);
  return g.div(square.sqrt().add_(options.EpsilonOrDefault()));
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
                     const at::Tensor& numerators, const at::Tensor& gate) {
  if (!parameters_.is_cpu()) {
    StepByTensorOperations(options, gradient_factor, numerators, gate);
    return;
  }
  REPRISE_CHECK(!gate.defined()) << "the host knows whether to step";
  Prepare(options);
  if (parameters_.scalar_type() == at::kDouble) {
    StepOnHost<double>(options, steps_, gradient_factor, numerators, states_,
                       parameters_);
  } else {
    StepOnHost<float>(options, steps_, gradient_factor, numerators, states_,
                      parameters_);
  }
}

void Optimizer::SaveState(const StateWriter& state) const {
  state.Put("kind", kind_.has_value() ? static_cast<int64_t>(*kind_) : -1);
  state.Put("steps", steps_);
  state.Put("num_states", static_cast<int64_t>(states_.size()));
  for (size_t i = 0; i < states_.size(); ++i) {
    PutTensor(state, absl::StrCat("state", i), states_[i]);
  }
}

absl::Status Optimizer::LoadState(const StateReader& state) {
  constexpr int64_t kLastKind = static_cast<int64_t>(OptimizerKind::kAdagrad);
  constexpr int64_t kMostStates = 3;
  int64_t kind = 0, num_states = 0;
  REPRISE_RETURN_IF_ERROR(state.Get("kind", &kind));
  REPRISE_RETURN_IF_ERROR(state.Get("steps", &steps_));
  REPRISE_RETURN_IF_ERROR(state.Get("num_states", &num_states));
  if (kind < -1 || kind > kLastKind || steps_ < 0 || num_states < 0 ||
      num_states > kMostStates) {
    return state.Error(absl::StrCat(
        "kind, steps, num_states: expected those of an optimizer, found ", kind,
        ", ", steps_, ", ", num_states));
  }
  kind_ = std::nullopt;
  if (kind >= 0) kind_ = static_cast<OptimizerKind>(kind);
  states_.clear();
  for (int64_t i = 0; i < num_states; ++i) {
    states_.push_back(at::zeros_like(parameters_));
    REPRISE_RETURN_IF_ERROR(
        GetTensor(state, absl::StrCat("state", i), states_.back()));
  }
  return absl::OkStatus();
}

void Optimizer::StepByTensorOperations(const OptimizerOptions& options,
                                       double gradient_factor,
                                       const at::Tensor& numerators,
                                       const at::Tensor& gate) {
  Prepare(options);
  if (!gate.defined()) {
    Update(options, gradient_factor, numerators);
    return;
  }
  // By selection: what is not finite stays so times 0.
  std::vector<std::pair<at::Tensor, at::Tensor>> before;
  before.emplace_back(parameters_, parameters_.clone());
  for (const at::Tensor& state : states_) {
    before.emplace_back(state, state.clone());
  }
  Update(options, gradient_factor, numerators);
  for (const auto& [value, former] : before) {
    value.copy_(at::where(gate, value, former));
  }
}

void Optimizer::Update(const OptimizerOptions& options, double gradient_factor,
                       const at::Tensor& numerators) {
  const at::Tensor g = numerators.to(parameters_.device()).mul(gradient_factor);
  if (options.weight_decay != 0) {
    if (options.kind == OptimizerKind::kAdamW) {
      parameters_.mul_(1 - options.lr * options.weight_decay);
    } else {
      g.add_(parameters_, options.weight_decay);
    }
  }
  at::Tensor direction;
  switch (options.kind) {
    case OptimizerKind::kSgd:
      direction = SgdDirection(options, steps_, g, states_);
      break;
    case OptimizerKind::kAdam:
    case OptimizerKind::kAdamW:
      direction = AdamDirection(options, steps_, g, states_);
      break;
    case OptimizerKind::kRmsProp:
      direction = RmsPropDirection(options, g, states_);
      break;
    case OptimizerKind::kAdagrad:
      direction = AdagradDirection(options, g, states_);
      break;
  }
  parameters_.sub_(direction, options.lr);
}

}  // namespace reprise
