#include "launch/cli/verb/verb_line.h"

#include <algorithm>

#include "absl/status/statusor.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/str_split.h"
#include "core/base/check.h"
#include "core/base/status.h"
#include "launch/cli/argument_scanner.h"
#include "launch/cli/verb/help_lines.h"

namespace reprise {

VerbLine::VerbLine(std::string verb, std::string usage, std::string text)
    : verb_(std::move(verb)),
      usage_(std::move(usage)),
      text_(std::move(text)) {}

void VerbLine::Add(const std::string& name, const std::string& metavar,
                   const std::string& help,
                   std::function<absl::Status(const std::string&)> read) {
  FlagSyntax syntax;
  syntax.name = name;
  syntax.metavar = metavar;
  syntax.is_bool = metavar.empty();
  flags_.push_back({std::move(syntax), help, std::move(read)});
}

void VerbLine::Text(const std::string& name, const std::string& metavar,
                    const std::string& help, std::string* value) {
  Add(name, metavar, help, [metavar, value](const std::string& text) {
    if (text.empty()) {
      return UsageError(absl::StrCat("expected a value (", metavar, ")"));
    }
    *value = text;
    return absl::OkStatus();
  });
}

void VerbLine::Choice(const std::string& name, const std::string& metavar,
                      const std::vector<std::string>& choices,
                      const std::string& help, std::string* value) {
  Add(name, metavar, absl::StrCat(help, "; ", absl::StrJoin(choices, "|")),
      [choices, value](const std::string& text) {
        REPRISE_ASSIGN_OR_RETURN(*value, ParseChoice(text, choices));
        return absl::OkStatus();
      });
}

void VerbLine::Integer(const std::string& name, const std::string& metavar,
                       const ValueRange& range, const std::string& help,
                       int64_t* value) {
  Add(name, metavar, help, [range, value](const std::string& text) {
    REPRISE_ASSIGN_OR_RETURN(*value, ParseInteger(text, range));
    return absl::OkStatus();
  });
}

void VerbLine::Switch(const std::string& name, const std::string& help,
                      bool* value) {
  Add(name, "", help, [value](const std::string& text) {
    REPRISE_ASSIGN_OR_RETURN(*value, ParseBool(text));
    return absl::OkStatus();
  });
}

void VerbLine::Parse(const std::vector<std::string>& arguments) {
  wants_help_ = std::any_of(
      arguments.begin(), arguments.end(),
      [](const std::string& a) { return a == "--help" || a == "-h"; });
  if (wants_help_) return;
  std::vector<FlagSyntax> syntax;
  for (const Flag& flag : flags_) syntax.push_back(flag.syntax);
  FlagSyntax help;  // for those that all but write it
  help.name = "help";
  help.is_bool = true;
  help.can_be_negated = false;
  syntax.push_back(help);
  const FlagNames names(std::move(syntax));
  ScannedArguments scanned = ScanArgumentsAndWords(arguments, names);
  words_ = std::move(scanned.words);
  problems_ = std::move(scanned.problems);
  for (const ScannedFlag& found : scanned.flags) {
    const auto flag =
        std::find_if(flags_.begin(), flags_.end(), [&](const Flag& candidate) {
          return candidate.syntax.name == found.flag->name;
        });
    if (flag == flags_.end()) {
      wants_help_ = true;  // --help=true
      return;
    }
    given_.push_back(flag->syntax.name);
    const absl::Status status = flag->read(found.text);
    if (!status.ok()) AddProblem(found.written, ": ", status.message());
  }
}

bool VerbLine::IsGiven(const std::string& name) const {
  REPRISE_CHECK(std::any_of(
      flags_.begin(), flags_.end(),
      [&name](const Flag& flag) { return flag.syntax.name == name; }))
      << name;
  return std::find(given_.begin(), given_.end(), name) != given_.end();
}

absl::Status VerbLine::status() const {
  if (problems_.empty()) return absl::OkStatus();
  const std::string usage =
      absl::StrCat("usage: ", absl::StrReplaceAll(usage_, {{"\n", "\n  "}}));
  if (problems_.size() == 1) {
    return UsageError(absl::StrCat(verb_, ": ", problems_[0], "; ", usage));
  }
  return UsageError(absl::StrCat(
      verb_, ": ", problems_.size(), " problems in the command line:\n  ",
      absl::StrJoin(problems_, "\n  "), "\n", usage));
}

std::string VerbLine::Help() const {
  std::string help = absl::StrCat(usage_, "\n\n", text_, "\n");
  if (!flags_.empty()) absl::StrAppend(&help, "\n");
  for (const Flag& flag : flags_) {
    std::string left = absl::StrCat("  --", flag.syntax.name);
    if (!flag.syntax.is_bool) {
      absl::StrAppend(&left, "=", flag.syntax.metavar);
    }
    absl::StrAppend(&help, HelpLine(left, flag.help));
  }
  return help;
}

}  // namespace reprise
