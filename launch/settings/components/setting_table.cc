#include "launch/settings/components/setting_table.h"

#include <algorithm>
#include <utility>

#include "core/base/check.h"

namespace reprise {
namespace {

std::vector<Setting> InOrderOfHelp() {
  std::vector<Setting> settings;
  for (const Component& component : Components()) {
    auto next = settings.end();
    for (Setting setting : component.settings) {
      setting.heading = component.heading;
      if (!setting.position.empty()) {
        next = std::find_if(
            settings.begin(), settings.end(),
            [&](const Setting& s) { return s.name == setting.position; });
        REPRISE_CHECK(next != settings.end()) << setting.position;
        setting.heading = next->heading;
        ++next;
      }
      next = settings.insert(next, std::move(setting)) + 1;
    }
  }
  return settings;
}

std::vector<FlagSyntax> SyntaxOfAll() {
  std::vector<FlagSyntax> flags;
  for (const Setting& setting : Settings()) {
    flags.push_back({setting.name, setting.aliases, setting.metavar,
                     setting.is_bool, setting.is_negatable});
  }
  return flags;
}

}  // namespace

const std::vector<Component>& Components() {
  static const auto& components = *new std::vector<Component>{
      AgentFlags(),         ModelFlags(),     RecipeFlags(),    DataFlags(),
      TrainingFlags(),      RehearsalFlags(), OptimizerFlags(), RankFlags(),
      DeviceFlags(),        ReductionFlags(), ResultsFlags(),   InfluxFlags(),
      ConfigurationFlags(), UnbuiltFlags()};
  return components;
}

const std::vector<Setting>& Settings() {
  static const auto& settings = *new std::vector<Setting>(InOrderOfHelp());
  return settings;
}

const Setting* FindSetting(absl::string_view name) {
  for (const Setting& setting : Settings()) {
    if (setting.name == name) return &setting;
  }
  return nullptr;
}

const FlagNames& SettingNames() {
  static const auto& names = *new FlagNames(SyntaxOfAll());
  return names;
}

}  // namespace reprise
