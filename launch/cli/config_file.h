// A configuration file: YAML of named sections, as upstream's config.yaml.
//
//   base:
//     dataset: mnist
//     lr:                  # no value: not set here
//     agent_config: "{'num_candidates': 10}"
//   mine:
//     tasksets_config: {scenario: class, increment: 5}
//
// Strict: UTF-8, one document, at most 1 MiB and 32 levels, unique keys that
// are text, no aliases. Nothing is taken over from one section into another.
#ifndef REPRISE_LAUNCH_CLI_CONFIG_FILE_H_
#define REPRISE_LAUNCH_CLI_CONFIG_FILE_H_

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "launch/cli/literal_value.h"

namespace reprise {

struct ConfigEntry {
  std::string key;
  int line = 0;
  std::string text;    // of a scalar, as written; else empty
  LiteralValue value;  // typed as YAML 1.1 types plain scalars
};

struct ConfigSection {
  std::string name;
  int line = 0;
  std::vector<ConfigEntry> entries;
};

// UsageError that begins with "line N: " where a line is to blame.
absl::StatusOr<std::vector<ConfigSection>> ParseConfig(absl::string_view yaml);

// The same for a file; errors begin with its path.
absl::StatusOr<std::vector<ConfigSection>> ReadConfigFile(
    const std::string& path);

}  // namespace reprise

#endif  // REPRISE_LAUNCH_CLI_CONFIG_FILE_H_
