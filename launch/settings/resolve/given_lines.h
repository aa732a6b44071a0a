// Settings out of lines of a YAML file: a section of a configuration file, a
// point of a sweep.
#ifndef REPRISE_LAUNCH_SETTINGS_RESOLVE_GIVEN_LINES_H_
#define REPRISE_LAUNCH_SETTINGS_RESOLVE_GIVEN_LINES_H_

#include <string>
#include <vector>

#include "launch/cli/yaml/yaml_document.h"
#include "launch/settings/resolve/given_settings.h"
#include "launch/settings/resolved_settings.h"

namespace reprise {

// `lines` are entries of maps of `file`, whose keys are names of settings as a
// command line takes them, or "agent-config.num_samples" for one key of a dict.
// A null gives nothing. A problem, with file and line, for each that is no
// setting, only for the command line, given twice, or of a type that the
// setting does not take.
std::vector<GivenSetting> GivenByLines(const std::string& file,
                                       const std::vector<YamlNode>& lines,
                                       Level level, ResolvedSettings& resolved);

}  // namespace reprise

#endif  // REPRISE_LAUNCH_SETTINGS_RESOLVE_GIVEN_LINES_H_
