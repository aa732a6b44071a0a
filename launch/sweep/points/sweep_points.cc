#include "launch/sweep/points/sweep_points.h"

#include <algorithm>
#include <set>

#include "absl/status/status.h"
#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "core/base/status.h"
#include "launch/report/run_settings/run_settings.h"
#include "launch/settings/components/setting_table.h"
#include "launch/settings/experiment_spec.h"
#include "launch/settings/resolve/canonical_arguments.h"
#include "launch/settings/resolve/command_line.h"
#include "xxhash.h"

namespace reprise {
namespace {

constexpr size_t kMostListed = 100;
constexpr size_t kLongestText = 60, kLongestName = 200;

uint64_t Hash(absl::string_view text) {
  return XXH64(text.data(), text.size(), /*seed=*/0);
}

// Short names stay; a long one keeps its beginning.
std::string Shortened(std::string text, size_t longest) {
  if (text.size() <= longest) return text;
  const std::string hash =
      absl::StrFormat("-%08x", static_cast<uint32_t>(Hash(text)));
  return absl::StrCat(text.substr(0, longest - hash.size()), hash);
}

class SweepResolver {
 public:
  SweepResolver(const SweepFile& file, const std::vector<std::string>& flags,
                const std::string& name, const Experiment& experiment)
      : file_(file),
        flags_(flags),
        name_(name),
        experiment_(experiment),
        defaults_(ValuesOf({"run", "--resolved"}).value()) {}

  absl::StatusOr<ResolvedSweep> Resolve() {
    for (const PointLines& lines : ExpandPoints(file_)) AddPoint(lines);
    if (problems_.empty()) return std::move(sweep_);
    const size_t listed = std::min(problems_.size(), kMostListed);
    std::string message = absl::StrCat(
        problems_.size(), problems_.size() == 1 ? " problem" : " problems",
        " in ", file_.path, ":");
    for (size_t i = 0; i < listed; ++i) {
      absl::StrAppend(&message, "\n  ", problems_[i]);
    }
    if (listed < problems_.size()) absl::StrAppend(&message, "\n  ...");
    return UsageError(absl::StrCat(
        message,
        "\n`reprise --help` lists the flags, `reprise sweep --help` "
        "shows the form."));
  }

 private:
  // Each once. `where` stands before what has no file and line of its own.
  void AddProblem(absl::string_view where, absl::string_view problem) {
    const bool has_place =
        absl::StartsWith(problem, absl::StrCat(file_.path, ":"));
    if (!told_.insert(std::string(problem)).second) return;
    problems_.push_back(has_place ? std::string(problem)
                                  : absl::StrCat(where, ": ", problem));
  }

  void AddPoint(const PointLines& lines) {
    std::vector<YamlNode> all = lines.fixed;
    all.insert(all.end(), lines.varied.begin(), lines.varied.end());
    const std::string where = absl::StrCat(file_.path, ":", lines.line);
    std::vector<std::string> problems;
    ParsedCommand command =
        ParseLines(flags_, file_.path, all, experiment_, &problems);
    if (!problems.empty()) {
      for (const std::string& problem : problems) AddProblem(where, problem);
      return;
    }
    for (std::string& note : command.notes) {
      if (noted_.insert(note).second) sweep_.notes.push_back(std::move(note));
    }
    Finish(where, lines, std::move(command.spec));
  }

  void Finish(const std::string& where, const PointLines& lines,
              ExperimentSpec spec) {
    SweepPoint point;
    point.varied = Varied(lines, spec);
    point.seed = spec.training.seed;
    point.ranks = spec.ranks.count;
    point.threads = spec.ranks.threads;
    NamePoint(&point);
    if (!CheckResults(where, spec)) return;
    sweep_.folder = absl::StrCat(spec.results.results_dir, "/", name_);
    spec.results.results_dir = PointsFolder(sweep_.folder);
    spec.results.save_dir = point.name;
    point.arguments = CanonicalArguments(spec);
    const auto [first, is_first] = places_.emplace(point.name, where);
    if (!is_first) {
      AddProblem(where, absl::StrCat("point ", point.name, ", the same as of ",
                                     first->second));
      return;
    }
    if (ReadBack(where, &point)) sweep_.points.push_back(std::move(point));
  }

  // What a run makes of its arguments.
  absl::StatusOr<std::map<std::string, std::string>> ValuesOf(
      const std::vector<std::string>& arguments) const {
    REPRISE_ASSIGN_OR_RETURN(
        const ParsedCommand command,
        ParseCommandLine(arguments, experiment_, {"run", {}, {}}));
    std::map<std::string, std::string> values;
    for (const RecordedSetting& setting : command.spec.settings) {
      values[setting.name] = setting.value_json;
    }
    values.erase("results-dir");
    values.erase("save-dir");
    return values;
  }

  bool ReadBack(const std::string& where, SweepPoint* point) {
    const auto values = ValuesOf(point->arguments);
    if (!values.ok()) {
      AddProblem(where, values.status().message());
      return false;
    }
    for (const auto& [name, value] : *values) {
      const auto found = defaults_.find(name);
      point->settings[name] = {
          value, found != defaults_.end() && found->second == value};
    }
    return true;
  }

  // What is the sweep's to say, or one file of all points.
  bool CheckResults(const std::string& where, const ExperimentSpec& spec) {
    for (const auto& [name, value, reason] :
         {std::make_tuple("save-dir", &spec.results.save_dir,
                          "a sweep names the folders of its points"),
          std::make_tuple("timeline", &spec.results.timeline,
                          "each point would replace the file of the one before "
                          "it; run a point by itself for that")}) {
      if (value->empty()) continue;
      for (const RecordedSetting& setting : spec.settings) {
        if (setting.name != name) continue;
        AddProblem(where, absl::StrCat(setting.origin, ": ", name,
                                       ": expected none, ", reason));
      }
      return false;
    }
    for (const RecordedSetting& setting : spec.settings) {
      if (setting.name == "results-dir" &&
          absl::StartsWith(setting.origin, absl::StrCat(file_.path, ":"))) {
        AddProblem(where,
                   absl::StrCat(setting.origin,
                                ": results-dir: expected none, it is the "
                                "sweep's: `reprise sweep --results-dir=DIR`"));
        return false;
      }
    }
    return true;
  }

  // Those that `lines` vary, but for the seed. A line of a whole *-config is
  // told by the origin that its keys have.
  std::vector<std::pair<std::string, std::string>> Varied(
      const PointLines& lines, const ExperimentSpec& spec) const {
    std::set<std::pair<std::string, std::string>> keys;
    for (const YamlNode& line : lines.varied) {
      const size_t dot = line.key.find('.');
      const FlagNames::Match match =
          SettingNames().Find(line.key.substr(0, dot));
      keys.emplace(dot == std::string::npos
                       ? match.flag->name
                       : match.flag->name + line.key.substr(dot),
                   absl::StrCat(file_.path, ":", line.line));
    }
    std::vector<std::pair<std::string, std::string>> varied;
    for (const RecordedSetting& setting : spec.settings) {
      if (setting.name == "seed") continue;
      const std::string whole = setting.name.substr(0, setting.name.find('.'));
      if (keys.count({setting.name, setting.origin}) != 0 ||
          keys.count({whole, setting.origin}) != 0) {
        varied.emplace_back(setting.name, SettingText(setting.value_json));
      }
    }
    return varied;
  }

  // The seed always, so that further seeds rename nothing.
  static void NamePoint(SweepPoint* point) {
    std::vector<std::string> parts;
    for (const auto& [name, value] : point->varied) {
      parts.push_back(absl::StrCat(name, "=", FolderText(value)));
    }
    point->configuration =
        Shortened(absl::StrJoin(parts, ","), kLongestName - 30);
    point->name = absl::StrCat(point->configuration,
                               point->configuration.empty() ? "" : ",",
                               "seed=", point->seed);
  }

  const SweepFile& file_;
  const std::vector<std::string>& flags_;
  const std::string& name_;
  const Experiment& experiment_;
  const std::map<std::string, std::string> defaults_;  // by name, as JSON
  ResolvedSweep sweep_;
  std::vector<std::string> problems_;
  std::set<std::string> told_, noted_;
  std::map<std::string, std::string> places_;  // by name
};

}  // namespace

std::string PointsFolder(const std::string& folder) {
  return folder + "/points";
}

std::string FolderText(absl::string_view text) {
  std::string plain(text);
  for (char& c : plain) {
    if (!absl::ascii_isalnum(c) && !absl::StrContains("._+-", c)) c = '-';
  }
  if (plain == text) return Shortened(std::move(plain), kLongestText);
  return absl::StrFormat("%s-%08x", plain.substr(0, kLongestText - 9),
                         static_cast<uint32_t>(Hash(text)));
}

absl::StatusOr<ResolvedSweep> ResolveSweep(
    const SweepFile& file, const std::vector<std::string>& flags,
    const std::string& name, const Experiment& experiment) {
  return SweepResolver(file, flags, name, experiment).Resolve();
}

}  // namespace reprise
