// Which flags there are, and the ways to write one's name.
#ifndef REPRISE_LAUNCH_CLI_FLAG_NAMES_H_
#define REPRISE_LAUNCH_CLI_FLAG_NAMES_H_

#include <string>
#include <vector>

#include "absl/strings/string_view.h"

namespace reprise {

// What the syntax of a command line depends on.
struct FlagSyntax {
  std::string name;  // with hyphens, without "--"
  std::vector<std::string> aliases;
  std::string metavar;  // what stands for the value in messages: "N"
  bool is_bool = false;
  bool can_be_negated = true;  // of a bool: --no-x
};

class FlagNames {
 public:
  explicit FlagNames(std::vector<FlagSyntax> flags);

  struct Match {
    const FlagSyntax* flag = nullptr;  // nullptr: there is none
    bool negated = false;
  };

  // The flag of a name as written, with hyphens or underscores: the flag's own,
  // an alias, a bool's behind "no-", "no_" or "no", and x for a flag "no-x",
  // which takes it back.
  Match Find(absl::string_view written) const;

  // "; did you mean --NAME?" or "". `prefix` stands before all names, that of
  // `written` included: "--" or "".
  std::string Suggest(absl::string_view written,
                      absl::string_view prefix) const;

 private:
  const FlagSyntax* FindExact(absl::string_view name) const;

  std::vector<FlagSyntax> flags_;
};

}  // namespace reprise

#endif  // REPRISE_LAUNCH_CLI_FLAG_NAMES_H_
