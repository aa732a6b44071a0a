#include "launch/cli/yaml/config_file.h"

#include <utility>
#include <variant>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "core/base/status.h"
#include "core/base/utf8.h"

namespace reprise {
namespace {

absl::StatusOr<std::vector<ConfigSection>> ToSections(YamlNode root) {
  std::vector<ConfigSection> sections;
  if (root.value.IsNone()) return sections;
  constexpr char kExpected[] = "expected sections like base: with flags below";
  if (!root.is_map) {
    return UsageError(absl::StrCat("line ", root.line, ": ", kExpected));
  }
  for (YamlNode& node : root.children) {
    if (!node.is_map && !node.value.IsNone()) {
      return UsageError(absl::StrCat("line ", node.line, ": ", kExpected,
                                     ", found ", Printable(node.key),
                                     " with a value of its own"));
    }
    sections.push_back({node.key, node.line, std::move(node.children)});
  }
  return sections;
}

}  // namespace

absl::StatusOr<std::vector<ConfigSection>> ParseConfig(absl::string_view yaml) {
  REPRISE_ASSIGN_OR_RETURN(YamlNode document, ParseYaml(yaml));
  return ToSections(std::move(document));
}

absl::StatusOr<std::vector<ConfigSection>> ReadConfigFile(
    const std::string& path) {
  REPRISE_ASSIGN_OR_RETURN(YamlNode document, ReadYamlFile(path));
  auto sections = ToSections(std::move(document));
  if (sections.ok()) return sections;
  return UsageError(absl::StrCat(path, ": ", sections.status().message()));
}

}  // namespace reprise
