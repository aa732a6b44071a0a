// The resolved settings as text: for --print-config, args.json, run.json and
// the comparison over ranks.
#ifndef REPRISE_LAUNCH_SETTINGS_RESOLVE_SETTINGS_RECORD_H_
#define REPRISE_LAUNCH_SETTINGS_RESOLVE_SETTINGS_RECORD_H_

#include <string>

#include "launch/settings/experiment_spec.h"
#include "launch/settings/resolved_settings.h"

namespace reprise {

// Fills spec.settings and spec.dict_literals_json. The origin of a value that a
// complete command line gives is "default" where it is the default's.
void RecordSettings(ResolvedSettings& resolved);

// A table of spec.settings: flag, value as JSON, origin.
std::string ConfigText(const ExperimentSpec& spec);

}  // namespace reprise

#endif  // REPRISE_LAUNCH_SETTINGS_RESOLVE_SETTINGS_RECORD_H_
