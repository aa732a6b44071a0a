// What settings of two components contradict.
#ifndef REPRISE_LAUNCH_SETTINGS_COMPONENTS_CONTRADICTIONS_H_
#define REPRISE_LAUNCH_SETTINGS_COMPONENTS_CONTRADICTIONS_H_

#include "launch/settings/resolved_settings.h"

namespace reprise {

// Adds a problem for each, once all components have derived.
void CheckContradictions(ResolvedSettings& resolved);

}  // namespace reprise

#endif  // REPRISE_LAUNCH_SETTINGS_COMPONENTS_CONTRADICTIONS_H_
