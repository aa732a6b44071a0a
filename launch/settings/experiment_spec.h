// An experiment as data: what the command line, a configuration file and the
// presets resolve to, and what launch/run executes. Nothing below launch sees
// it. Defaults are those of the components' structs; names, ranges and help are
// bound in components/*_flags.cc.
#ifndef REPRISE_LAUNCH_SETTINGS_EXPERIMENT_SPEC_H_
#define REPRISE_LAUNCH_SETTINGS_EXPERIMENT_SPEC_H_

#include <map>
#include <string>
#include <vector>

#include "data/scenario/scenario.h"
#include "launch/settings/agent_settings.h"
#include "launch/settings/data_settings.h"
#include "launch/settings/device_settings.h"
#include "launch/settings/influx_settings.h"
#include "launch/settings/model_settings.h"
#include "launch/settings/optimizer_settings.h"
#include "launch/settings/rank_settings.h"
#include "launch/settings/recipe_settings.h"
#include "launch/settings/reduction_settings.h"
#include "launch/settings/rehearsal_settings.h"
#include "launch/settings/results_settings.h"
#include "launch/settings/training_settings.h"

namespace reprise {

// A flag or a key of one ("agent-config.num_samples") with its value and where
// that came from: "default", "preset mnist_nil_mnistnet", "config.yaml:12",
// "command line", "--quick".
struct RecordedSetting {
  std::string name, value_json, origin;
};

struct ExperimentSpec {
  std::string experiment = "reprise";  // the target's name

  AgentSettings agent;
  ModelSettings model;
  RecipeSettings recipe;
  DataSettings data;
  ScenarioOptions tasks;  // but for its seed, which is training.seed
  TrainingSettings training;
  RehearsalSettings rehearsal;
  OptimizerSettings optimizer;
  RankSettings ranks;
  DeviceSettings device;
  ReductionSettings reduction;
  ResultsSettings results;
  InfluxSettings influx;
  ConfigurationSettings configuration;

  // All of them, for --print-config, args.json and run.json; without secrets.
  std::vector<RecordedSetting> settings;
  // Each *-config flag with the keys that were given, merged, as a Python dict
  // literal in a JSON string, empty where none was. For args.json.
  std::map<std::string, std::string> dict_literals_json;
};

}  // namespace reprise

#endif  // REPRISE_LAUNCH_SETTINGS_EXPERIMENT_SPEC_H_
