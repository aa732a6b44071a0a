// Settings as sources give them, before they are merged: text, or a dict of a
// configuration file.
#ifndef REPRISE_LAUNCH_SETTINGS_RESOLVE_GIVEN_SETTINGS_H_
#define REPRISE_LAUNCH_SETTINGS_RESOLVE_GIVEN_SETTINGS_H_

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/string_view.h"
#include "launch/cli/argument_scanner.h"
#include "launch/cli/literal_value.h"
#include "launch/settings/experiments.h"
#include "launch/settings/resolved_settings.h"
#include "launch/settings/setting.h"

namespace reprise {

struct GivenSetting {
  const Setting* setting = nullptr;
  std::string text;
  std::optional<LiteralDict> dict;
  std::string name_in_messages;  // "--lr", "config.yaml:12: lr"
  Origin origin;
};

// Of each source in the order of its text.
struct GivenSettings {
  std::vector<GivenSetting> preset, file, command_line;

  // The last text that a source gives, from the one closest to the user; ""
  // where none does.
  std::string TextOf(absl::string_view name) const;
};

// nullptr where it is not given.
const GivenSetting* FindGiven(const std::vector<GivenSetting>& given,
                              absl::string_view name);

std::vector<GivenSetting> GivenOnCommandLine(
    const std::vector<ScannedFlag>& flags);

// A problem for a name that is no setting's.
std::vector<GivenSetting> GivenByPreset(const std::string& name,
                                        const Preset& preset,
                                        ResolvedSettings& resolved);

// What --preset stands for, given all else; with a note.
std::vector<GivenSetting> GivenByPublication(const GivenSettings& given,
                                             ResolvedSettings& resolved);

// Stores all in resolved.spec, with origins; a problem for each that does not
// fit. Dicts of *-config flags are merged key by key.
void Merge(const GivenSettings& given, ResolvedSettings& resolved);

// Stores the keys of *-config flags, resolved.dicts, in resolved.spec.
void FillKeys(ResolvedSettings& resolved);

}  // namespace reprise

#endif  // REPRISE_LAUNCH_SETTINGS_RESOLVE_GIVEN_SETTINGS_H_
