// The form of --help: lines of at most 80 columns, flags on the left, what they
// mean on the right.
#ifndef REPRISE_LAUNCH_CLI_VERB_HELP_LINES_H_
#define REPRISE_LAUNCH_CLI_VERB_HELP_LINES_H_

#include <cstddef>
#include <string>

#include "absl/strings/string_view.h"

namespace reprise {

// `text` in lines of at most 80 columns, broken between words. The first begins
// in column `first_column`; all others are indented by `indent`.
std::string Wrap(absl::string_view text, size_t first_column, size_t indent);

// `left`, then `right` from the common column on; whole lines.
std::string HelpLine(std::string left, absl::string_view right);

}  // namespace reprise

#endif  // REPRISE_LAUNCH_CLI_VERB_HELP_LINES_H_
