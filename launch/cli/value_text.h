// Typed values as flags are given them, in text. Errors are UsageErrors
// "expected ..., found '...'".
#ifndef REPRISE_LAUNCH_CLI_VALUE_TEXT_H_
#define REPRISE_LAUNCH_CLI_VALUE_TEXT_H_

#include <cstdint>
#include <limits>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace reprise {

// [least, most], or [least, most) of numbers that are not integers.
struct ValueRange {
  double least = -std::numeric_limits<double>::infinity();
  double most = std::numeric_limits<double>::infinity();
};

// true/false, yes/no, on/off, 1/0 in any case.
absl::StatusOr<bool> ParseBool(absl::string_view text);

absl::StatusOr<int64_t> ParseInteger(absl::string_view text,
                                     const ValueRange& range);
absl::StatusOr<uint64_t> ParseUnsigned(absl::string_view text,
                                       const ValueRange& range);

// Finite; -0 is 0.
absl::StatusOr<double> ParseNumber(absl::string_view text,
                                   const ValueRange& range);

// One of `choices`, spelled as there, from `text` in any case.
absl::StatusOr<std::string> ParseChoice(
    absl::string_view text, const std::vector<std::string>& choices);

}  // namespace reprise

#endif  // REPRISE_LAUNCH_CLI_VALUE_TEXT_H_
