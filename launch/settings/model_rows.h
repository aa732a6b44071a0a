// The models as the command line knows them: one row each, and nothing else
// compares their names. models/model_table.h makes them.
#ifndef REPRISE_LAUNCH_SETTINGS_MODEL_ROWS_H_
#define REPRISE_LAUNCH_SETTINGS_MODEL_ROWS_H_

#include <string>
#include <vector>

#include "launch/cli/literal_value.h"
#include "launch/settings/model_settings.h"
#include "launch/settings/setting.h"
#include "models/input_shape.h"

namespace reprise {

struct ModelSettingsRow {
  std::string name;
  InputShape input_shape;
  bool has_batch_norm = false;
  std::vector<SettingKey> keys;  // of --model-config
  LiteralDict upstream_keys;     // what --profile=upstream sets of these
};

const std::vector<ModelSettingsRow>& ModelSettingsRows();

// Of the spec's model, which must be a row's.
const ModelSettingsRow& RowOf(const ModelSettings& settings);

}  // namespace reprise

#endif  // REPRISE_LAUNCH_SETTINGS_MODEL_ROWS_H_
