// The file of a sweep: YAML that says which settings its points have.
//
//   settings:                  # of every point
//     dataset: mnist
//     epochs: 2
//   grid:                      # every combination
//     agent: [nil, er]
//     agent-config.num_representatives: [100, 1000]
//   list:                      # instead of a grid, or each with all of it
//     - {lr: 0.1, momentum: 0}
//     - {lr: 0.01}
//   seeds: [1, 2, 3]           # of every configuration
//
// Which settings there are, and whether they fit together, is not known here
// (sweep_points.h).
#ifndef REPRISE_LAUNCH_SWEEP_POINTS_SWEEP_FILE_H_
#define REPRISE_LAUNCH_SWEEP_POINTS_SWEEP_FILE_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "launch/cli/yaml/yaml_document.h"

namespace reprise {

// More are a mistake in the file: a day of points of 9 seconds each.
inline constexpr int64_t kMostPoints = 10'000;

struct SweepFile {
  std::string path;                // for messages
  std::vector<YamlNode> settings;  // entries
  std::vector<YamlNode> grid;      // entries, whose children are the values
  std::vector<YamlNode> list;      // maps
  std::vector<YamlNode> seeds;
};

// What a point is given: entries of all sections, those of `settings` first.
struct PointLines {
  std::vector<YamlNode> fixed, varied;
  int line = 1;  // to name the point by where no one entry is to blame
};

// UsageError that lists everything wrong with the file's form, with its line; a
// file of more than kMostPoints points is refused by that number.
absl::StatusOr<SweepFile> ParseSweepFile(const std::string& path,
                                         absl::string_view yaml);
absl::StatusOr<SweepFile> ReadSweepFile(const std::string& path);

// The points, seeds fastest, then the last entry of the grid.
std::vector<PointLines> ExpandPoints(const SweepFile& file);

}  // namespace reprise

#endif  // REPRISE_LAUNCH_SWEEP_POINTS_SWEEP_FILE_H_
