// What a command line without arguments, --help and --print-config print.
#ifndef REPRISE_LAUNCH_SETTINGS_HELP_TEXT_H_
#define REPRISE_LAUNCH_SETTINGS_HELP_TEXT_H_

#include <string>

#include "launch/settings/experiment.h"
#include "launch/settings/experiments.h"

namespace reprise {

// At most 80 columns wide.
std::string HelpText(const Experiment& experiment);

// What the program can be asked for; for a command line that asks for nothing.
std::string UsageText(const Experiment& experiment);

// A table of spec.settings: flag, value as JSON, origin.
std::string ConfigText(const ExperimentSpec& spec);

}  // namespace reprise

#endif  // REPRISE_LAUNCH_SETTINGS_HELP_TEXT_H_
