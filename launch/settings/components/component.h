// What each component of the ExperimentSpec contributes to the command line.
// setting_table.h has them all, in the order of --help.
#ifndef REPRISE_LAUNCH_SETTINGS_COMPONENTS_COMPONENT_H_
#define REPRISE_LAUNCH_SETTINGS_COMPONENTS_COMPONENT_H_

#include <string>
#include <vector>

#include "launch/settings/resolved_settings.h"
#include "launch/settings/setting.h"

namespace reprise {

struct Component {
  const char* heading;  // in --help
  std::vector<Setting> settings;
  // What follows from other settings, once all sources are merged. nullptr:
  // nothing.
  void (*derive)(ResolvedSettings& resolved) = nullptr;
  // Adds a problem for each contradiction within the component, once all
  // components have derived. Those that concern two are in contradictions.h.
  void (*check)(ResolvedSettings& resolved) = nullptr;
};

// Each in a file of its name: agent_flags.cc and so on.
Component AgentFlags();
Component ModelFlags();
Component RecipeFlags();
Component DataFlags();
Component TrainingFlags();
Component RehearsalFlags();
Component OptimizerFlags();
Component RankFlags();
Component DeviceFlags();
Component ReductionFlags();
Component ResultsFlags();
Component InfluxFlags();
Component ConfigurationFlags();
Component UnbuiltFlags();

// For settings of what ranks do together.
std::string WhyNotWithOneRank(const ExperimentSpec& spec);

}  // namespace reprise

#endif  // REPRISE_LAUNCH_SETTINGS_COMPONENTS_COMPONENT_H_
