#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "launch/settings/components/component.h"
#include "launch/settings/model_rows.h"

namespace reprise {

Component ModelFlags() {
  const Bind<ModelSettings> model(&ExperimentSpec::model);
  std::vector<std::string> names;
  std::vector<SettingKey> keys;
  std::string prefix;  // the models that the keys are of
  for (const ModelSettingsRow& row : ModelSettingsRows()) {
    names.push_back(row.name);
    const std::vector<SettingKey> own =
        KeysOf(row.name, row.keys,
               [](const ExperimentSpec& spec) { return spec.model.name; });
    keys.insert(keys.end(), own.begin(), own.end());
    if (!row.keys.empty()) absl::StrAppend(&prefix, row.name, "'s ");
  }
  return {
      "Experiment",
      {model.OneOf("model", &ModelSettings::name, "NAME", "the network", names),
       DictSetting("model-config", prefix.c_str(), keys)}};
}

}  // namespace reprise
