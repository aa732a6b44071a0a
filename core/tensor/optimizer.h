// An optimizer over a flat parameter tensor: its state, and its step on any
// device.
#ifndef REPRISE_CORE_TENSOR_OPTIMIZER_H_
#define REPRISE_CORE_TENSOR_OPTIMIZER_H_

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <optional>
#include <vector>

#include "absl/status/status.h"
#include "core/base/state.h"
#include "core/tensor/optimizer_step.h"

namespace reprise {

// Not thread-safe. LibTorch exceptions pass through.
class Optimizer {
 public:
  // parameters: [P] fp32 or fp64, contiguous; updated in place by Step.
  explicit Optimizer(const at::Tensor& parameters);

  // Forgets momentum and the like.
  void Reset();

  // One step of optimizer_step.h. numerators: [P] of the parameters' type, on
  // their device or the host. A change of kind from one step to the next
  // resets; options of one kind may change freely. `gate`: where defined, a
  // kBool without dimensions on the parameters' device, which is not the host:
  // if it is false, no value changes; nothing waits for it.
  void Step(const OptimizerOptions& options, double gradient_factor,
            const at::Tensor& numerators, const at::Tensor& gate = {});

  // [P] each, as many as optimizer_step.h says, none before the first step; and
  // the steps since the last reset.
  const std::vector<at::Tensor>& states() const { return states_; }
  int64_t steps() const { return steps_; }

  // These, and the kind of the last step. Loaded into an optimizer of as many
  // parameters in the same order. Errors as core/base/state.h.
  void SaveState(const StateWriter& state) const;
  absl::Status LoadState(const StateReader& state);

  // The step by LibTorch's own operations, as for parameters on a GPU; on the
  // host only for tests.
  void StepByTensorOperations(const OptimizerOptions& options,
                              double gradient_factor,
                              const at::Tensor& numerators,
                              const at::Tensor& gate = {});

 private:
  void Prepare(const OptimizerOptions& options);
  void Update(const OptimizerOptions& options, double gradient_factor,
              const at::Tensor& numerators);

  at::Tensor parameters_;
  std::vector<at::Tensor> states_;
  std::optional<OptimizerKind> kind_;
  int64_t steps_ = 0;
};

}  // namespace reprise

#endif  // REPRISE_CORE_TENSOR_OPTIMIZER_H_
