// The settings that a configuration file gives.
#ifndef REPRISE_LAUNCH_SETTINGS_RESOLVE_CONFIGURATION_SOURCE_H_
#define REPRISE_LAUNCH_SETTINGS_RESOLVE_CONFIGURATION_SOURCE_H_

#include <vector>

#include "launch/settings/resolve/given_settings.h"
#include "launch/settings/resolved_settings.h"

namespace reprise {

// Of the file and section that the command line names, else of section base of
// config.yaml in the working folder, if it is there. A file that a flag names
// is held to all rules. One that none names may be another program's: where it
// cannot be read as ours (not YAML, no sections, no section base, or none of
// its keys a flag) a note says why it is not used.
//
// Sets resolved.file_in_use, file_is_named and spec.configuration.
std::vector<GivenSetting> GivenInFile(
    const std::vector<GivenSetting>& command_line, ResolvedSettings& resolved);

}  // namespace reprise

#endif  // REPRISE_LAUNCH_SETTINGS_RESOLVE_CONFIGURATION_SOURCE_H_
