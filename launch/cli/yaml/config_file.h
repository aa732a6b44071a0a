// A configuration file: YAML of named sections, as upstream's config.yaml.
//
//   base:
//     dataset: mnist
//     lr:                  # no value: not set here
//     agent_config: "{'num_candidates': 10}"
//   mine:
//     tasksets_config: {scenario: class, increment: 5}
//
// Strict as yaml_document.h has it. Nothing is taken over from one section into
// another.
#ifndef REPRISE_LAUNCH_CLI_YAML_CONFIG_FILE_H_
#define REPRISE_LAUNCH_CLI_YAML_CONFIG_FILE_H_

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "launch/cli/yaml/yaml_document.h"

namespace reprise {

struct ConfigSection {
  std::string name;
  int line = 0;
  std::vector<YamlNode> entries;
};

// UsageError that begins with "line N: " where a line is to blame.
absl::StatusOr<std::vector<ConfigSection>> ParseConfig(absl::string_view yaml);

// The same for a file; errors begin with its path.
absl::StatusOr<std::vector<ConfigSection>> ReadConfigFile(
    const std::string& path);

}  // namespace reprise

#endif  // REPRISE_LAUNCH_CLI_YAML_CONFIG_FILE_H_
