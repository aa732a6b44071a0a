// What whoever shows or compares runs makes of the settings in their run.json.
#ifndef REPRISE_LAUNCH_REPORT_RUN_SETTINGS_RUN_SETTINGS_H_
#define REPRISE_LAUNCH_REPORT_RUN_SETTINGS_RUN_SETTINGS_H_

#include <string>

#include "absl/strings/string_view.h"

namespace reprise {

// A value as users write it: of JSON text what the string is, "nil" of
// "\"nil\""; all else as it stands, also what is no JSON.
std::string SettingText(const std::string& value_json);

// Whether the setting says where results go, what is watched or where settings
// and data come from, and nothing of what is computed: runs that differ in such
// settings alone are not told apart.
bool IsBookkeeping(absl::string_view setting);

}  // namespace reprise

#endif  // REPRISE_LAUNCH_REPORT_RUN_SETTINGS_RUN_SETTINGS_H_
