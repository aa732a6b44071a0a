// The command line of a verb with a few flags of its own (data, runs): flags
// with a value, switches, words, --help; every problem at once.
//
//   std::string sort = "when";
//   bool json = false;
//   VerbLine line("runs", "reprise runs [DIR] [--sort=FIELD] [--json]",
//                 "Lists the runs below DIR, the newest first.");
//   line.Choice("sort", "FIELD", {"when", "agent"}, "order", &sort);
//   line.Switch("json", "one JSON array instead of a table", &json);
//   line.Parse(arguments);
//   if (line.wants_help()) { out << line.Help(); return absl::OkStatus(); }
//   if (line.words().size() > 1) line.AddProblem("expected one DIR");
//   REPRISE_RETURN_IF_ERROR(line.status());
//
// Names take hyphens or underscores, values follow after "=" or as the next
// word, and switches are --x, --no-x or --x=false, as for a run
// (argument_scanner.h). A word is what is neither; "-" is one.
#ifndef REPRISE_LAUNCH_CLI_VERB_VERB_LINE_H_
#define REPRISE_LAUNCH_CLI_VERB_VERB_LINE_H_

#include <cstdint>
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "launch/cli/flag_names.h"
#include "launch/cli/value_text.h"

namespace reprise {

class VerbLine {
 public:
  // `usage`: lines, also told after problems. `text`: what the verb does, for
  // --help; lines that are kept as they are.
  VerbLine(std::string verb, std::string usage, std::string text);

  // Flags, with hyphens and without "--", before Parse. `value` is what holds
  // where the flag is not given, and outlives Parse.
  void Text(const std::string& name, const std::string& metavar,
            const std::string& help, std::string* value);  // not ""
  void Choice(const std::string& name, const std::string& metavar,
              const std::vector<std::string>& choices, const std::string& help,
              std::string* value);
  void Integer(const std::string& name, const std::string& metavar,
               const ValueRange& range, const std::string& help,
               int64_t* value);
  void Switch(const std::string& name, const std::string& help, bool* value);

  // `arguments` follow the verb. Once. With --help or -h anywhere among them
  // nothing else is looked at.
  void Parse(const std::vector<std::string>& arguments);

  bool wants_help() const { return wants_help_; }
  const std::vector<std::string>& words() const { return words_; }
  // Whether the flag was on the command line.
  bool IsGiven(const std::string& name) const;

  // What is wrong with the line beyond its form: one line without a full stop,
  // which begins with the flag or word ("--mirror: only fetch downloads").
  template <typename... Pieces>
  void AddProblem(const Pieces&... pieces) {
    problems_.push_back(absl::StrCat(pieces...));
  }

  // UsageError naming all problems so far and the usage; OK without any.
  absl::Status status() const;

  // Usage, text, and a line or more for each flag; at most 80 columns where the
  // verb's own lines are.
  std::string Help() const;

 private:
  struct Flag {
    FlagSyntax syntax;
    std::string help;
    std::function<absl::Status(const std::string&)> read;
  };
  void Add(const std::string& name, const std::string& metavar,
           const std::string& help,
           std::function<absl::Status(const std::string&)> read);

  const std::string verb_, usage_, text_;
  std::vector<Flag> flags_;
  std::vector<std::string> words_, given_, problems_;
  bool wants_help_ = false;
};

}  // namespace reprise

#endif  // REPRISE_LAUNCH_CLI_VERB_VERB_LINE_H_
