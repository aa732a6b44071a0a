// The named experiments: each target //launch:<name> is the one program with
// other defaults. A new experiment is a row here and a line in BUILD.bazel.
#ifndef REPRISE_LAUNCH_SETTINGS_EXPERIMENTS_H_
#define REPRISE_LAUNCH_SETTINGS_EXPERIMENTS_H_

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/string_view.h"
#include "launch/settings/recipe_settings.h"

namespace reprise {

// Flags (without "--") and their values as on a command line.
using Preset = std::vector<std::pair<std::string, std::string>>;

struct Experiment {
  std::string name;     // of the target
  std::string summary;  // what it reproduces; for --help
  // Between the defaults and the configuration file in precedence.
  Preset preset;
};

const std::vector<Experiment>& Experiments();

// Hyper-parameters of a published set of runs for a data set and the depth of
// the ResNet. Empty for kNone.
Preset PresetOfPublication(Publication publication, absl::string_view dataset,
                           int64_t depth);

// nullptr if there is none of that name.
const Experiment* FindExperiment(absl::string_view name);

}  // namespace reprise

#endif  // REPRISE_LAUNCH_SETTINGS_EXPERIMENTS_H_
