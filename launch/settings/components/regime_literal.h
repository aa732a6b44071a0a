// The value of --regime as phases.
#ifndef REPRISE_LAUNCH_SETTINGS_COMPONENTS_REGIME_LITERAL_H_
#define REPRISE_LAUNCH_SETTINGS_COMPONENTS_REGIME_LITERAL_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "agents/regime/regime.h"

namespace reprise {

// Names of regimes.
inline constexpr char kNoRegime[] = "none";
inline constexpr char kCifarRegime[] = "cifar";
inline constexpr char kUpstreamRegime[] = "upstream";

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

#endif  // REPRISE_LAUNCH_SETTINGS_COMPONENTS_REGIME_LITERAL_H_
