// The values of --tasksets-config, --agent-config and --model-config: Python
// dict literals as upstream's users write them, read by a strict parser that
// evaluates nothing.
//
//   REPRISE_ASSIGN_OR_RETURN(LiteralDict dict, ParseDictLiteral(
//       "{'scenario': 'class', 'increment': 3, 'class_order': [3, 1, 2]}"));
//
// Accepted: strings in single or double quotes with Python's escapes (\N{...}
// excepted), with the prefixes u and r, adjacent ones joined; ints of 64 bits,
// also as 6_000, 0x22, 0o7 and 0b1; finite floats, True, False, None, lists,
// tuples (read as lists), dicts with string keys, trailing commas, comments
// (#). All text is UTF-8 without NUL.
#ifndef REPRISE_LAUNCH_CLI_DICT_LITERAL_H_
#define REPRISE_LAUNCH_CLI_DICT_LITERAL_H_

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

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
};

// Limits: 1 MiB of text, 32 levels. UsageError with the column (in bytes, from
// 1), what was expected and what was found.
absl::StatusOr<LiteralDict> ParseDictLiteral(absl::string_view text);
// The same of a list.
absl::StatusOr<LiteralList> ParseListLiteral(absl::string_view text);

// As Python's repr() writes it.
std::string ToPythonLiteral(const LiteralValue& value);
std::string ToPythonLiteral(const LiteralDict& dict);

// As JSON.
std::string ToJson(const LiteralValue& value);

// Fills typed fields from a dict and collects what is wrong with it, all at
// once: values of a wrong type or out of range and, at Finish, unknown keys. An
// absent key leaves the field as it is; so does None.
class DictReader {
 public:
  // `context` begins each message ("--agent-config"). Both must outlive this.
  DictReader(const LiteralDict& dict, std::string context,
             std::vector<std::string>* problems);

  void Read(absl::string_view key, bool* field);
  void Read(absl::string_view key, std::optional<bool>* field);
  void Read(absl::string_view key, int64_t least, int64_t* field);
  void Read(absl::string_view key, int64_t least,
            std::optional<int64_t>* field);
  // An int or a float.
  void Read(absl::string_view key, double least, std::optional<double>* field);
  // One of `choices`.
  void Read(absl::string_view key, const std::vector<std::string>& choices,
            std::string* field);
  // A list of ints from `least`, or one int from `least`.
  void Read(absl::string_view key, int64_t least, std::vector<int64_t>* list,
            std::optional<uint64_t>* single);

  // Call last.
  void Finish();

 private:
  // The value of a key that is present and not None.
  const LiteralValue* Find(absl::string_view key);
  void AddProblem(absl::string_view key, const LiteralValue& value,
                  absl::string_view expected);
  bool ReadInt(absl::string_view key, const LiteralValue& value, int64_t least,
               int64_t* field);

  const LiteralDict& dict_;
  std::string context_;
  std::vector<std::string>* problems_;
  std::vector<std::string> known_keys_;
};

}  // namespace reprise

#endif  // REPRISE_LAUNCH_CLI_DICT_LITERAL_H_
