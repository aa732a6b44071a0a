// Where results go, and the configuration file that settings come from.
#ifndef REPRISE_LAUNCH_SETTINGS_RESULTS_SETTINGS_H_
#define REPRISE_LAUNCH_SETTINGS_RESULTS_SETTINGS_H_

#include <cstdint>
#include <string>

namespace reprise {

struct ResultsSettings {
  std::string results_dir = "./results";
  std::string save_dir;       // empty: a timestamp
  int64_t log_interval = 10;  // in steps
  std::string timeline;       // a file; empty: none
  bool tensorboard = false;   // event files in the folder of the run
};

struct ConfigurationSettings {
  std::string file = "config.yaml";
  std::string section = "base";
  bool print_config = false;
  // The flags are all that there is: canonical_arguments.h.
  bool resolved = false;
  bool help = false;
};

}  // namespace reprise

#endif  // REPRISE_LAUNCH_SETTINGS_RESULTS_SETTINGS_H_
