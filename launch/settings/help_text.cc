#include "launch/settings/help_text.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "absl/strings/string_view.h"
#include "launch/settings/flag_table.h"

namespace reprise {
namespace {

constexpr size_t kWidth = 80;
constexpr size_t kHelpColumn = 29;

// `text` in lines of at most kWidth columns; all but the first are indented.
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

// The value without the flag, in this experiment; empty for bools and dicts.
std::string DefaultOf(const Flag& flag, const Experiment& experiment) {
  if (flag.IsBool()) return "";
  for (const auto& [name, text] : experiment.preset) {
    if (name == flag.name) return text;
  }
  if (std::holds_alternative<DictFlag>(flag.destination)) return "";
  const std::string json = FlagValueJson(flag, ExperimentSpec());
  if (json == "null" || json == "\"\"") return "";
  const bool quoted = json.front() == '"';
  return quoted ? json.substr(1, json.size() - 2) : json;
}

std::string FlagLines(const Flag& flag, const Experiment& experiment) {
  std::string left = absl::StrCat("  --", flag.name);
  if (!flag.metavar.empty()) absl::StrAppend(&left, "=", flag.metavar);
  std::vector<std::string> right;
  if (!flag.help.empty()) right.push_back(flag.help);
  if (!flag.choices.empty()) {
    right.push_back(absl::StrJoin(flag.choices, "|"));
  }
  std::string text = absl::StrJoin(right, "; ");
  const std::string default_text = DefaultOf(flag, experiment);
  if (!default_text.empty()) absl::StrAppend(&text, " [", default_text, "]");
  if (left.size() + 2 > kHelpColumn) {
    absl::StrAppend(&left, "\n", std::string(kHelpColumn, ' '));
  } else {
    left.resize(kHelpColumn, ' ');
  }
  return absl::StrCat(left, Wrap(text, kHelpColumn, kHelpColumn), "\n");
}

constexpr char kResults[] = R"(
Results: a folder <results-dir>/<save-dir> with summary.json (accuracies,
forgetting, time by phase), metrics.jsonl (everything as it happens), run.json
(what exactly ran), weights.safetensors, log.txt, and upstream's args.json,
dl_metrics.json, tasks_metrics.json, time_metrics.json.

Exit codes: 0 ok, 1 internal error, 2 usage, 3 data, 4 a rank or the network
failed, 5 storage.
)";

}  // namespace

std::string HelpText(const Experiment& experiment) {
  std::string text = absl::StrCat(
      Wrap(
          absl::StrCat("Reprise, distributed continual learning. This target: ",
                       experiment.summary, "."),
          0, 0),
      "\n\nMost used:\n");
  // Everything by flags needs flags.
  const std::string flags =
      experiment.preset.empty() ? "--agent=nil --model=mnistnet " : "";
  const std::pair<const char*, const char*> uses[] = {
      {"--quick", "the whole path in seconds"},
      {"--ranks=2", "the same learning on two processes"},
      {"--scratch", "the baseline to compare with"},
  };
  for (const auto& [flag, what] : uses) {
    absl::StrAppend(&text, "  # ", what,
                    "\n  bazel run //launch:", experiment.name, " -- ", flags,
                    flag, "\n");
  }
  absl::StrAppend(&text,
                  "  # the real data (also: data verify, data synthesize)"
                  "\n  bazel run //launch:",
                  experiment.name, " -- data fetch mnist\n");
  absl::StrAppend(
      &text, "\n",
      Wrap("Values in brackets are this target's defaults; those in "
           "parentheses are not built yet. Names take hyphens or underscores, "
           "values follow after = or a space; bools are --x, --no-x or "
           "--x=false. Precedence: default < target's preset < file < command "
           "line; dicts are merged key by key.",
           0, 0),
      "\n");
  std::string group;
  std::vector<std::string> unbuilt;
  for (const Flag& flag : Flags()) {
    if (std::holds_alternative<Unbuilt>(flag.destination)) {
      unbuilt.push_back("--" + flag.name);
      continue;
    }
    if (flag.group != group) {
      group = flag.group;
      absl::StrAppend(&text, "\n", group, ":\n");
    }
    absl::StrAppend(&text, FlagLines(flag, experiment));
  }
  return absl::StrCat(text, "\nNot built yet (exit 2):\n  ",
                      Wrap(absl::StrJoin(unbuilt, " "), 2, 2), "\n", kResults);
}

std::string UsageText(const Experiment& experiment) {
  const std::pair<const char*, const char*> uses[] = {
      {"--agent=nil --model=mnistnet --quick", "the whole path in seconds"},
      {"--agent=nil --model=mnistnet", "MNIST in full, ten epochs a task"},
      {"run", "every default: --agent=base --model=mnistnet"},
      {"--help", "all flags"},
      {"--print-config", "their values, and where each comes from"},
      {"data verify", "which data sets are here"},
      {"data fetch mnist", "download, check and place one"},
  };
  std::string text = absl::StrCat(
      experiment.name,
      ": nothing to do was given. It learns a sequence of tasks without "
      "forgetting:\n\n");
  for (const auto& [arguments, what] : uses) {
    absl::StrAppendFormat(&text, "  %-48s %s\n",
                          absl::StrCat(experiment.name, " ", arguments), what);
  }
  return text + "\nUnder bazel: bazel run //launch:" + experiment.name +
         " -- FLAGS\n";
}

std::string ConfigText(const ExperimentSpec& spec) {
  size_t widest_name = 0, widest_value = 0;
  for (const ExperimentSpec::Setting& setting : spec.settings) {
    widest_name = std::max(widest_name, setting.name.size());
    widest_value = std::max(widest_value, setting.value_json.size());
  }
  std::string text;
  for (const ExperimentSpec::Setting& setting : spec.settings) {
    absl::StrAppendFormat(
        &text, "%-*s  %-*s  %s\n", static_cast<int>(widest_name), setting.name,
        static_cast<int>(widest_value), setting.value_json, setting.origin);
  }
  return text;
}

}  // namespace reprise
