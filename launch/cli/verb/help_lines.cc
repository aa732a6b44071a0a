#include "launch/cli/verb/help_lines.h"

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"

namespace reprise {
namespace {

constexpr size_t kWidth = 80;
constexpr size_t kHelpColumn = 29;

}  // namespace

std::string Wrap(absl::string_view text, size_t first_column, size_t indent) {
  std::string wrapped;
  size_t column = first_column;
  for (const absl::string_view word :
       absl::StrSplit(text, ' ', absl::SkipEmpty())) {
    const bool line_start = wrapped.empty() || column == indent;
    if (!line_start && column + 1 + word.size() > kWidth) {
      absl::StrAppend(&wrapped, "\n", std::string(indent, ' '));
      column = indent;
    } else if (!line_start) {
      wrapped += ' ';
      ++column;
    }
    absl::StrAppend(&wrapped, word);
    column += word.size();
  }
  return wrapped;
}

std::string HelpLine(std::string left, absl::string_view right) {
  if (left.size() + 2 > kHelpColumn) {
    absl::StrAppend(&left, "\n", std::string(kHelpColumn, ' '));
  } else {
    left.resize(kHelpColumn, ' ');
  }
  return absl::StrCat(left, Wrap(right, kHelpColumn, kHelpColumn), "\n");
}

}  // namespace reprise
