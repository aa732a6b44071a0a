// A value as Python, JSON and YAML have it, and its text in the first two: what
// dict literals and configuration files are read into, and what settings are
// printed from.
#ifndef REPRISE_LAUNCH_CLI_LITERAL_VALUE_H_
#define REPRISE_LAUNCH_CLI_LITERAL_VALUE_H_

#include <cstdint>
#include <string>
#include <utility>
#include <variant>
#include <vector>

namespace reprise {

struct LiteralValue;
using LiteralList = std::vector<LiteralValue>;

// In the order of the text; keys are unique.
using LiteralDict = std::vector<std::pair<std::string, LiteralValue>>;

struct LiteralValue {
  std::variant<std::monostate, bool, int64_t, double, std::string, LiteralList,
               LiteralDict>
      value;  // monostate: None
  // In the text, for messages: "column 12", "line 3". Of a dict's entry: its
  // key.
  std::string where;

  bool IsNone() const { return std::holds_alternative<std::monostate>(value); }
};

// As Python's repr() writes it.
std::string ToPythonLiteral(const LiteralValue& value);
std::string ToPythonLiteral(const LiteralDict& dict);

// As JSON.
std::string ToJson(const LiteralValue& value);

}  // namespace reprise

#endif  // REPRISE_LAUNCH_CLI_LITERAL_VALUE_H_
