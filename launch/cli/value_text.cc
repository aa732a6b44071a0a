#include "launch/cli/value_text.h"

#include <cmath>
#include <type_traits>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "core/base/nearest_name.h"
#include "core/base/status.h"
#include "core/base/utf8.h"

namespace reprise {
namespace {

absl::Status Expected(absl::string_view expected, absl::string_view found) {
  return UsageError(
      absl::StrCat("expected ", expected, ", found '", Printable(found), "'"));
}

template <typename Int>
absl::StatusOr<Int> ParseInt(absl::string_view text, const ValueRange& range) {
  const bool spaced = text != absl::StripAsciiWhitespace(text);
  Int value = 0;
  if (spaced || !absl::SimpleAtoi(text, &value)) {
    return Expected(std::is_signed<Int>() ? "an integer" : "an integer from 0",
                    text);
  }
  if (value < range.least || value > range.most) {
    return Expected(std::isfinite(range.most)
                        ? absl::StrFormat("an integer from %.0f to %.0f",
                                          range.least, range.most)
                        : absl::StrFormat("an integer from %.0f", range.least),
                    text);
  }
  return value;
}

}  // namespace

absl::StatusOr<bool> ParseBool(absl::string_view text) {
  for (const char* yes : {"true", "yes", "on", "1"}) {
    if (absl::EqualsIgnoreCase(text, yes)) return true;
  }
  for (const char* no : {"false", "no", "off", "0"}) {
    if (absl::EqualsIgnoreCase(text, no)) return false;
  }
  return Expected("true or false", text);
}

absl::StatusOr<int64_t> ParseInteger(absl::string_view text,
                                     const ValueRange& range) {
  return ParseInt<int64_t>(text, range);
}

absl::StatusOr<uint64_t> ParseUnsigned(absl::string_view text,
                                       const ValueRange& range) {
  return ParseInt<uint64_t>(text, range);
}

absl::StatusOr<double> ParseNumber(absl::string_view text,
                                   const ValueRange& range) {
  double value = 0;
  if (text != absl::StripAsciiWhitespace(text) ||
      !absl::SimpleAtod(text, &value) || !std::isfinite(value)) {
    return Expected("a number", text);
  }
  const bool is_below = std::isinf(range.most) || value < range.most;
  if (value < range.least || !is_below) {
    return Expected(
        std::isfinite(range.most)
            ? absl::StrCat("a number from ", range.least, " below ", range.most)
            : absl::StrCat("a number from ", range.least),
        text);
  }
  return value == 0 ? 0 : value;
}

absl::StatusOr<std::string> ParseChoice(
    absl::string_view text, const std::vector<std::string>& choices) {
  for (const std::string& choice : choices) {
    if (absl::EqualsIgnoreCase(choice, text)) return choice;
  }
  return UsageError(absl::StrCat(
      "expected one of ", absl::StrJoin(choices, ", "), ", found '",
      Printable(text), "'", DidYouMean(absl::AsciiStrToLower(text), choices)));
}

}  // namespace reprise
