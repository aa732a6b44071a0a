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
    keys.insert(keys.end(), row.keys.begin(), row.keys.end());
    if (!row.keys.empty()) absl::StrAppend(&prefix, row.name, "'s ");
  }
  return {
      "Experiment",
      {model.OneOf("model", &ModelSettings::name, "NAME", "the network", names),
       DictSetting("model-config", prefix.c_str(), keys)
           .Unused([](const ExperimentSpec& spec) -> std::string {
             const ModelSettingsRow& row = RowOf(spec.model);
             if (!row.keys.empty()) return "";
             return absl::StrCat(row.name, " has no options");
           })}};
}

}  // namespace reprise
