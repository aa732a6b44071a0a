#include "launch/settings/model_rows.h"

#include "core/base/check.h"

namespace reprise {
namespace {

template <typename Field>
SettingKey ResnetKey(const char* name, Field ResnetSettings::*field,
                     const char* help) {
  return {
      OfPart(&ExperimentSpec::model,
             OfPart(&ModelSettings::resnet, BindKey(name, field, /*least=*/1))),
      help, "", nullptr};
}

}  // namespace

const std::vector<ModelSettingsRow>& ModelSettingsRows() {
  static const auto& rows = *new std::vector<ModelSettingsRow>{
      {"mnistnet", kMnistNetInput, false, {}, {}},
      {"resnet",
       kResNetInput,
       true,
       {ResnetKey("depth", &ResnetSettings::depth, ""),
        ResnetKey("width", &ResnetSettings::width, ""),
        ResnetKey("variant", &ResnetSettings::variant, "('upstream')")},
       {{"variant", LiteralOf(ResnetVariant::kUpstream)}}},
      {"candlenet", kCandleNetInput, false, {}, {}}};
  return rows;
}

const ModelSettingsRow& RowOf(const ModelSettings& settings) {
  for (const ModelSettingsRow& row : ModelSettingsRows()) {
    if (row.name == settings.name) return row;
  }
  REPRISE_CHECK(false) << "model " << settings.name;
  return ModelSettingsRows()[0];
}

}  // namespace reprise
