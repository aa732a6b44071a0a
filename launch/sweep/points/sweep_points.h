// The points of a sweep, checked as command lines are: what each is called, and
// the command line that runs it.
#ifndef REPRISE_LAUNCH_SWEEP_POINTS_SWEEP_POINTS_H_
#define REPRISE_LAUNCH_SWEEP_POINTS_SWEEP_POINTS_H_

#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "launch/settings/experiments.h"
#include "launch/sweep/points/sweep_file.h"

namespace reprise {

struct SweepPoint {
  // Of its folder: "agent=nil,lr=0.1,seed=2", the settings that the file varies
  // in the order of --help, then the seed. The same whatever else the file has.
  std::string name;
  // The name without the seed: points that share it are one row of the table.
  std::string configuration;
  // Setting and value of `configuration`.
  std::vector<std::pair<std::string, std::string>> varied;
  uint64_t seed = 0;
  int64_t ranks = 1, threads = 0;  // as the settings of those names

  // CanonicalArguments, those of the folder included.
  std::vector<std::string> arguments;
  // As run.json of the point will have them, by name; without results-dir and
  // save-dir: a folder that was moved has the same points.
  struct Setting {
    std::string value_json;
    bool is_default = false;  // has the value of a run that is given nothing
  };
  std::map<std::string, Setting> settings;
};

struct ResolvedSweep {
  std::string folder;  // <results>/<sweep>
  std::vector<SweepPoint> points;
  // What the parser has to say to the user, each line once.
  std::vector<std::string> notes;
};

// "<folder>/points".
std::string PointsFolder(const std::string& folder);

// `flags`: of the command line, for all points (--results-dir, --yaml-config,
// --config); a configuration file is read as for any run. `name`: of the sweep.
// UsageError listing all that is wrong with any point, each line once, with
// file and line: settings that are unknown, given twice or contradictory,
// points that are the same, settings that are the sweep's to make.
absl::StatusOr<ResolvedSweep> ResolveSweep(
    const SweepFile& file, const std::vector<std::string>& flags,
    const std::string& name, const Experiment& experiment);

// `text` as a part of a folder's name: of letters, digits and ._+-; where
// anything is replaced or left out, with 8 hex digits of a hash.
std::string FolderText(absl::string_view text);

}  // namespace reprise

#endif  // REPRISE_LAUNCH_SWEEP_POINTS_SWEEP_POINTS_H_
