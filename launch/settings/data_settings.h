// Which samples there are.
#ifndef REPRISE_LAUNCH_SETTINGS_DATA_SETTINGS_H_
#define REPRISE_LAUNCH_SETTINGS_DATA_SETTINGS_H_

#include <cstdint>
#include <string>

#include "data/scenario/scenario.h"
#include "launch/cli/enum_names.h"

namespace reprise {

inline constexpr EnumName<ScenarioOptions::Kind> kScenarioNames[] = {
    {ScenarioOptions::Kind::kClass, "class"},
    {ScenarioOptions::Kind::kInstance, "instance"}};
inline EnumNames<ScenarioOptions::Kind> NamesOf(ScenarioOptions::Kind) {
  return kScenarioNames;
}

struct DataSettings {
  std::string dataset = "mnist";   // a row of launch/data/dataset_table.h
  std::string dataset_dir;         // empty: the documented search
  bool shard = false;              // a rank keeps its part of a task
  int64_t dataloader_workers = 0;  // no effect
};

}  // namespace reprise

#endif  // REPRISE_LAUNCH_SETTINGS_DATA_SETTINGS_H_
