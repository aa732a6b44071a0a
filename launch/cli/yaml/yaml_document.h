// A YAML document as a tree of what its text says, line by line: what
// configuration files and sweeps are read from.
//
// Strict: UTF-8, one document, at most 1 MiB and 32 levels, unique keys that
// are text, no aliases.
#ifndef REPRISE_LAUNCH_CLI_YAML_YAML_DOCUMENT_H_
#define REPRISE_LAUNCH_CLI_YAML_YAML_DOCUMENT_H_

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "launch/cli/literal_value.h"

namespace reprise {

struct YamlNode {
  std::string key;     // of a map's entry
  int line = 0;        // from 1; of a map's entry: its key's
  std::string text;    // of a scalar, as written; else empty
  LiteralValue value;  // typed as YAML 1.1 types plain scalars
  bool is_map = false, is_list = false;
  // Of a map or a list on one of the first three levels, in order.
  std::vector<YamlNode> children;
};

// A null where the text has nothing. UsageError that begins with "line N: "
// where a line is to blame.
absl::StatusOr<YamlNode> ParseYaml(absl::string_view yaml);

// The same for an input that a user names; errors begin with its path.
absl::StatusOr<YamlNode> ReadYamlFile(const std::string& path);

}  // namespace reprise

#endif  // REPRISE_LAUNCH_CLI_YAML_YAML_DOCUMENT_H_
