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

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "launch/cli/literal_value.h"

namespace reprise {

// Limits: 1 MiB of text, 32 levels. UsageError with the column (in bytes, from
// 1), what was expected and what was found.
absl::StatusOr<LiteralDict> ParseDictLiteral(absl::string_view text);
// The same of a list.
absl::StatusOr<LiteralList> ParseListLiteral(absl::string_view text);

}  // namespace reprise

#endif  // REPRISE_LAUNCH_CLI_DICT_LITERAL_H_
