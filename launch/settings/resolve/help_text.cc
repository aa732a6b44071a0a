#include "launch/settings/resolve/help_text.h"

#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "absl/strings/string_view.h"
#include "launch/cli/verb/help_lines.h"
#include "launch/settings/components/setting_table.h"

namespace reprise {
namespace {

// The value without the flag, in this experiment; empty for bools, and for
// dicts of which the preset says nothing.
std::string DefaultOf(const Setting& setting, const Experiment& experiment) {
  if (setting.is_bool) return "";
  for (const auto& [name, text] : experiment.preset) {
    if (name == setting.name) return text;
  }
  if (!setting.keys.empty()) return "";
  const std::string json = setting.json(setting, ExperimentSpec());
  if (json == "null" || json == "\"\"") return "";
  const bool quoted = json.front() == '"';
  return quoted ? json.substr(1, json.size() - 2) : json;
}

std::string SettingLines(const Setting& setting, const Experiment& experiment) {
  std::string left = absl::StrCat("  --", setting.name);
  if (!setting.metavar.empty()) absl::StrAppend(&left, "=", setting.metavar);
  std::vector<std::string> right;
  if (!setting.help.empty()) right.push_back(setting.help);
  if (!setting.choices.empty()) {
    right.push_back(absl::StrJoin(setting.choices, "|"));
  }
  std::string text = absl::StrJoin(right, "; ");
  const std::string default_text = DefaultOf(setting, experiment);
  if (!default_text.empty()) absl::StrAppend(&text, " [", default_text, "]");
  return HelpLine(std::move(left), text);
}

constexpr char kResults[] = R"(
Results: a folder <results-dir>/<save-dir> with summary.json (accuracies,
forgetting, time by phase), report.html (a page of all that; also: report RUN),
metrics.jsonl (everything as it happens), run.json (what exactly ran),
weights.safetensors, log.txt, and upstream's args.json, dl_metrics.json,
tasks_metrics.json, time_metrics.json.

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
  std::string heading;
  std::vector<std::string> unbuilt;
  for (const Setting& setting : Settings()) {
    if (!setting.is_built) {
      unbuilt.push_back("--" + setting.name);
      continue;
    }
    if (setting.heading != heading) {
      heading = setting.heading;
      absl::StrAppend(&text, "\n", heading, ":\n");
    }
    absl::StrAppend(&text, SettingLines(setting, experiment));
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
      {"sweep FILE", "many runs that differ in a few settings"},
      {"data verify", "which data sets are here"},
      {"data fetch mnist", "download, check and place one"},
      {"runs", "which runs there are, and what each came to"},
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

}  // namespace reprise
