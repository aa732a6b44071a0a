// An ExperimentSpec while it is put together: with where each value came from,
// and what there is to say to the user.
#ifndef REPRISE_LAUNCH_SETTINGS_RESOLVED_SETTINGS_H_
#define REPRISE_LAUNCH_SETTINGS_RESOLVED_SETTINGS_H_

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "launch/cli/literal_value.h"
#include "launch/settings/experiment_spec.h"

namespace reprise {

// The closer to the user, the greater. Derived values yield to the command line
// in most cases; each derivation says which.
enum class Level { kDefault, kPreset, kFile, kDerived, kCommandLine };

struct Origin {
  Level level = Level::kDefault;
  std::string text = "default";  // for the user
};

struct ResolvedSettings {
  ExperimentSpec spec;
  // Of the job that this process was started in; nullopt: none was.
  std::optional<int64_t> job_ranks;
  // Whether a configuration file is read, and whether a flag names it.
  bool file_in_use = false, file_is_named = false;
  // Every value was given: none is preferred to another form of it.
  bool is_complete = false;
  // By the setting's name, of keys "agent-config.num_samples"; without those
  // of defaults.
  std::map<std::string, Origin> origins;
  // What was given of each *-config, merged key by key; by its name.
  std::map<std::string, LiteralDict> dicts;
  std::vector<std::string> problems, notes;  // one line each

  Origin OriginOf(absl::string_view name) const {
    const auto found = origins.find(std::string(name));
    return found == origins.end() ? Origin() : found->second;
  }
  Level LevelOf(absl::string_view name) const { return OriginOf(name).level; }
  // By a file or on the command line.
  bool IsGivenByUser(absl::string_view name) const {
    const Level level = LevelOf(name);
    return level == Level::kFile || level == Level::kCommandLine;
  }

  void SetDerived(absl::string_view name, absl::string_view from) {
    origins[std::string(name)] = {Level::kDerived, std::string(from)};
  }

  // A key of a *-config flag in `dicts`; FillKeys stores it in the spec.
  void SetKey(const std::string& flag, const std::string& key,
              LiteralValue value, Origin origin);

  template <typename... Pieces>
  void AddProblem(const Pieces&... pieces) {
    problems.push_back(absl::StrCat(pieces...));
  }
};

}  // namespace reprise

#endif  // REPRISE_LAUNCH_SETTINGS_RESOLVED_SETTINGS_H_
