// A resolved experiment as the command line that stands for it by itself: what
// a sweep starts its points with.
#ifndef REPRISE_LAUNCH_SETTINGS_RESOLVE_CANONICAL_ARGUMENTS_H_
#define REPRISE_LAUNCH_SETTINGS_RESOLVE_CANONICAL_ARGUMENTS_H_

#include <string>
#include <vector>

#include "launch/settings/experiment_spec.h"

namespace reprise {

// "run", "--resolved" and every setting with its value, in the order of --help:
// ParseCommandLine makes the same spec of them wherever it is called, whatever
// configuration file lies there, and in any experiment's program. Not the same
// are the origins of settings, `configuration`, and what args.json has of
// *-config flags, of which all keys are given. Paths are absolute where
// ResolveUserPath has made them so.
std::vector<std::string> CanonicalArguments(const ExperimentSpec& spec);

}  // namespace reprise

#endif  // REPRISE_LAUNCH_SETTINGS_RESOLVE_CANONICAL_ARGUMENTS_H_
