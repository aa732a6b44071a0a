#include "launch/settings/resolve/canonical_arguments.h"

#include <optional>

#include "absl/strings/str_cat.h"
#include "launch/cli/literal_value.h"
#include "launch/settings/components/setting_table.h"

namespace reprise {
namespace {

// nullopt: not set, and no text says so.
std::optional<std::string> TextOf(const Setting& setting,
                                  const ExperimentSpec& spec) {
  if (setting.keys.empty()) return setting.text(setting, spec);
  LiteralDict dict;
  for (const SettingKey& key : setting.keys) {
    dict.emplace_back(key.key.name, key.key.write(spec));
  }
  return ToPythonLiteral(dict);
}

}  // namespace

std::vector<std::string> CanonicalArguments(const ExperimentSpec& spec) {
  std::vector<std::string> arguments = {"run", "--resolved"};
  for (const Setting& setting : Settings()) {
    // The configuration file has been read.
    if (!setting.is_built || !setting.is_in_files) continue;
    const std::optional<std::string> text = TextOf(setting, spec);
    if (!text.has_value()) continue;
    arguments.push_back(absl::StrCat("--", setting.name, "=", *text));
  }
  return arguments;
}

}  // namespace reprise
