// All settings: those of the components, in the order of --help.
#ifndef REPRISE_LAUNCH_SETTINGS_COMPONENTS_SETTING_TABLE_H_
#define REPRISE_LAUNCH_SETTINGS_COMPONENTS_SETTING_TABLE_H_

#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "launch/cli/flag_names.h"
#include "launch/settings/components/component.h"
#include "launch/settings/setting.h"

namespace reprise {

// In the order in which they derive and are checked.
const std::vector<Component>& Components();

const std::vector<Setting>& Settings();

// Of an exact name; nullptr if there is none.
const Setting* FindSetting(absl::string_view name);

// As the command line and configuration files write them.
const FlagNames& SettingNames();

}  // namespace reprise

#endif  // REPRISE_LAUNCH_SETTINGS_COMPONENTS_SETTING_TABLE_H_
