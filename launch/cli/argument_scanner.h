// The words of a command line as flags with their values in text, and what is
// wrong with its syntax.
#ifndef REPRISE_LAUNCH_CLI_ARGUMENT_SCANNER_H_
#define REPRISE_LAUNCH_CLI_ARGUMENT_SCANNER_H_

#include <string>
#include <vector>

#include "launch/cli/flag_names.h"

namespace reprise {

struct ScannedFlag {
  const FlagSyntax* flag = nullptr;  // of the FlagNames that were given
  std::string written;               // "--batch_size"
  // Of a bool "true" or "false" where it is written without a value or as
  // --no-x; else as it stands there.
  std::string text;
};

struct ScannedArguments {
  std::vector<ScannedFlag> flags;     // each at most once, in their order
  std::vector<std::string> words;     // ScanArgumentsAndWords', in their order
  std::vector<std::string> problems;  // one line each, in their order
};

// What the first word may be. `done`: elsewhere, before the flags are scanned.
struct VerbNames {
  std::string own;
  std::vector<std::string> done, to_come;
};

// `arguments` without the program's name. Values follow after "=" or as the
// next word; all text must be UTF-8.
ScannedArguments ScanArguments(const std::vector<std::string>& arguments,
                               const FlagNames& names, const VerbNames& verbs);

// The same of a verb's own command line, where words may stand before, between
// and after the flags. "-" is a word.
ScannedArguments ScanArgumentsAndWords(
    const std::vector<std::string>& arguments, const FlagNames& names);

}  // namespace reprise

#endif  // REPRISE_LAUNCH_CLI_ARGUMENT_SCANNER_H_
