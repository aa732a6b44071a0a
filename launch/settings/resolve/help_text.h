// What a command line without arguments and --help print.
#ifndef REPRISE_LAUNCH_SETTINGS_RESOLVE_HELP_TEXT_H_
#define REPRISE_LAUNCH_SETTINGS_RESOLVE_HELP_TEXT_H_

#include <string>

#include "launch/settings/experiments.h"

namespace reprise {

// At most 80 columns wide.
std::string HelpText(const Experiment& experiment);

// What the program can be asked for; for a command line that asks for nothing.
std::string UsageText(const Experiment& experiment);

}  // namespace reprise

#endif  // REPRISE_LAUNCH_SETTINGS_RESOLVE_HELP_TEXT_H_
