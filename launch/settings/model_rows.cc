#include "launch/settings/model_rows.h"

#include "core/base/check.h"

namespace reprise {
namespace {

const Bind<ModelSettings> kModel(&ExperimentSpec::model);

}  // namespace

const std::vector<ModelSettingsRow>& ModelSettingsRows() {
  using M = ModelSettings;
  static const auto& rows = *new std::vector<ModelSettingsRow>{
      {"mnistnet", kMnistNetInput, false, {}, {}},
      {"resnet",
       kResNetInput,
       true,
       {kModel.Key("depth", &M::resnet, &ResnetSettings::depth, 1),
        kModel.Key("width", &M::resnet, &ResnetSettings::width, 1),
        kModel.Key("variant", &M::resnet, &ResnetSettings::variant)
            .Help("('upstream')")},
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
