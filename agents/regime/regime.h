// The optimizer's options as a function of where a task's training stands. A
// regime is a list of phases; each holds from its epoch or step on until the
// next one's, and an option it does not set keeps the value it had. It restarts
// at each task.
#ifndef REPRISE_AGENTS_REGIME_REGIME_H_
#define REPRISE_AGENTS_REGIME_REGIME_H_

#include <cstdint>
#include <optional>
#include <vector>

#include "absl/status/status.h"
#include "core/tensor/optimizer_step.h"

namespace reprise {

// How the learning rate moves through a phase: from its first step to the first
// step of the next phase, or to the end of the task.
enum class LrCourse {
  kConstant,
  kRampUp,            // linear, from the rate just before to the phase's own
  kCosineDecay,       // half a cosine, from the phase's rate to 0
  kExponentialDecay,  // times decay_rate per epoch, a little at each step
};

struct RegimePhase {
  // Where it begins within the task, from 0: one of the two.
  std::optional<int64_t> from_epoch, from_step;

  std::optional<OptimizerKind> kind;  // a change begins with states of zero
  std::optional<double> lr;           // or
  std::optional<double> lr_factor;    // times the regime's base rate
  LrCourse course = LrCourse::kConstant;
  std::optional<double> decay_rate;  // kExponentialDecay only
  std::optional<double> momentum, weight_decay, dampening;
  std::optional<bool> nesterov;
  std::optional<double> beta1, beta2, epsilon, alpha;
  // `centered` is the base's: what states there are depends on it.
};

// Gradual warm-up (Goyal et al., "Accurate, Large Minibatch SGD", 2017): over
// the first epochs of a task, all of them if it has fewer, the rate of the
// phases is multiplied by a factor that grows linearly with the step, from
// from_lr / base rate to 1.
struct WarmUp {
  int64_t epochs = 0;
  double from_lr = 0;
};

// A step of a task.
struct TaskPosition {
  int64_t epoch = 0;  // in [0, epochs)
  int64_t step = 0;   // of the epoch, in [0, steps_per_epoch)
  int64_t steps_per_epoch = 1;
  int64_t epochs = 1;  // of the task
};

class Regime {
 public:
  // `base` holds until the first phase begins.
  explicit Regime(const OptimizerOptions& base,
                  std::vector<RegimePhase> phases = {},
                  const WarmUp& warm_up = {});

  // UsageError that names every problem: phases must begin in ascending order,
  // all at epochs or all at steps, and set options that exist together.
  absl::Status Validate() const;

  // Of a valid regime. A pure function.
  OptimizerOptions At(const TaskPosition& position) const;

  // The most that any phase needs: see reprise::NumStates.
  int NumStates() const;

 private:
  OptimizerOptions base_;
  std::vector<RegimePhase> phases_;
  WarmUp warm_up_;
};

// CIFAR-10's drops, rate x 0.1 and x 0.01, at epochs floor(81/164 epochs) and
// floor(122/164 epochs) of a task: 81 and 122 of 164, 4 and 7 of 10. A drop
// that would come before any training is left out: one epoch has none, and two
// epochs only one, x 0.1 at epoch 1.
std::vector<RegimePhase> CifarRegime(int64_t epochs);

// Upstream's, whatever the number of epochs: x 0.1, 0.01 and 0.001 at epochs
// 81, 122 and 164.
std::vector<RegimePhase> UpstreamCifarRegime();

}  // namespace reprise

#endif  // REPRISE_AGENTS_REGIME_REGIME_H_
