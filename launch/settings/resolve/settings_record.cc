#include "launch/settings/resolve/settings_record.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "launch/cli/dict_keys.h"
#include "launch/settings/components/setting_table.h"

namespace reprise {
namespace {

const ExperimentSpec& Defaults() {
  static const ExperimentSpec& spec = *new ExperimentSpec();
  return spec;
}

// A complete command line gives every value: what is the default there was
// nobody's choice.
void Add(const std::string& name, std::string value_json,
         const std::string& default_json, ResolvedSettings& resolved) {
  const bool is_default = resolved.is_complete &&
                          resolved.LevelOf(name) == Level::kCommandLine &&
                          value_json == default_json;
  resolved.spec.settings.push_back(
      {name, std::move(value_json),
       is_default ? Origin().text : resolved.OriginOf(name).text});
}

void RecordKeys(const Setting& setting, ResolvedSettings& resolved) {
  const LiteralDict& given = resolved.dicts[setting.name];
  resolved.spec.dict_literals_json[setting.name] =
      ToJson(LiteralOf(given.empty() ? std::string() : ToPythonLiteral(given)));
  for (const SettingKey& key : setting.keys) {
    Add(absl::StrCat(setting.name, ".", key.key.name),
        ToJson(key.key.write(resolved.spec)), ToJson(key.key.write(Defaults())),
        resolved);
  }
}

}  // namespace

void RecordSettings(ResolvedSettings& resolved) {
  for (const Setting& setting : Settings()) {
    if (!setting.is_recorded) continue;
    if (!setting.keys.empty()) {
      RecordKeys(setting, resolved);
      continue;
    }
    Add(setting.name, setting.json(setting, resolved.spec),
        setting.json(setting, Defaults()), resolved);
  }
}

std::string ConfigText(const ExperimentSpec& spec) {
  size_t widest_name = 0, widest_value = 0;
  for (const RecordedSetting& setting : spec.settings) {
    widest_name = std::max(widest_name, setting.name.size());
    widest_value = std::max(widest_value, setting.value_json.size());
  }
  std::string text;
  for (const RecordedSetting& setting : spec.settings) {
    absl::StrAppendFormat(
        &text, "%-*s  %-*s  %s\n", static_cast<int>(widest_name), setting.name,
        static_cast<int>(widest_value), setting.value_json, setting.origin);
  }
  return text;
}

}  // namespace reprise
