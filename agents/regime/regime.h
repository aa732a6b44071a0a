// The optimizer's options as a function of the epoch within a task. A regime is
// a list of phases; each holds from its epoch on until the next one's, and an
// option it does not set keeps the value it had. It restarts at each task.
#ifndef REPRISE_AGENTS_REGIME_REGIME_H_
#define REPRISE_AGENTS_REGIME_REGIME_H_

#include <cstdint>
#include <optional>
#include <vector>

#include "core/tensor/sgd_step.h"

namespace reprise {

struct RegimePhase {
  int64_t from_epoch = 0;  // within the task
  std::optional<double> lr, momentum, weight_decay;
};

// Phases ascending by from_epoch.
class Regime {
 public:
  Regime(const SgdOptions& initial, std::vector<RegimePhase> phases)
      : initial_(initial), phases_(std::move(phases)) {}

  SgdOptions At(int64_t epoch) const {
    SgdOptions options = initial_;
    for (const RegimePhase& phase : phases_) {
      if (phase.from_epoch > epoch) break;
      options.lr = phase.lr.value_or(options.lr);
      options.momentum = phase.momentum.value_or(options.momentum);
      options.weight_decay = phase.weight_decay.value_or(options.weight_decay);
    }
    return options;
  }

 private:
  SgdOptions initial_;
  std::vector<RegimePhase> phases_;
};

}  // namespace reprise

#endif  // REPRISE_AGENTS_REGIME_REGIME_H_
