// The values of --regime and --optimizer.
#ifndef REPRISE_LAUNCH_SETTINGS_REGIME_LITERAL_H_
#define REPRISE_LAUNCH_SETTINGS_REGIME_LITERAL_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "agents/regime/regime.h"
#include "core/tensor/optimizer_step.h"
#include "launch/settings/experiment.h"

namespace reprise {

// SGD, Adam, AdamW, RMSprop, Adagrad; a name that is none of them is a broken
// invariant: flags are checked first.
OptimizerKind OptimizerKindOf(absl::string_view name);

// What the flags say of the optimizer, at one rank's learning rate.
OptimizerOptions OptimizerOf(const ExperimentSpec& spec);

// The phases of "none", "cifar" (for a task of `epochs`), "upstream", or of a
// list of Python dicts, each with
//   'epoch' or 'step' (where the phase begins within the task), and any of
//   'optimizer', 'lr' or 'lr_factor' (times --lr), 'course' ('constant',
//   'ramp_up', 'cosine', 'exponential' with 'decay_rate'), 'momentum',
//   'weight_decay', 'dampening', 'nesterov', 'beta1', 'beta2', 'epsilon',
//   'alpha'.
// Problems of the text are appended, one line each; those of the phases
// together are Regime::Validate's.
std::vector<RegimePhase> ParseRegime(absl::string_view text, int64_t epochs,
                                     std::vector<std::string>* problems);

}  // namespace reprise

#endif  // REPRISE_LAUNCH_SETTINGS_REGIME_LITERAL_H_
