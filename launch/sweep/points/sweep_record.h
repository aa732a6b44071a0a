// sweep.json in the folder of a sweep: its points as they were resolved, and by
// which program, written before anything starts.
#ifndef REPRISE_LAUNCH_SWEEP_POINTS_SWEEP_RECORD_H_
#define REPRISE_LAUNCH_SWEEP_POINTS_SWEEP_RECORD_H_

#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "launch/sweep/points/sweep_points.h"

namespace reprise {

struct SweepRecord {
  struct Point {
    std::string name, digest;
    std::vector<std::string> arguments;
  };
  std::string file;                     // that the points are from
  std::string version, program_digest;  // of the program (program_info.h)
  std::vector<Point> points;
  // Of earlier starts, and not in the file any more.
  std::vector<Point> vanished;
};

// nullopt: there is none. DataError where it cannot be read as one.
absl::StatusOr<std::optional<SweepRecord>> ReadSweepRecord(
    const std::string& folder);

// In one step.
absl::Status WriteSweepRecord(const std::string& folder,
                              const SweepRecord& record);

struct SweepChanges {
  std::vector<std::string> added, vanished;  // names of points
};

// What goes on from `before`, and how `points` differ from it. UsageError
// naming every point whose name means something else now.
absl::StatusOr<SweepChanges> ContinueRecord(
    const SweepRecord& before, const std::vector<SweepPoint>& points,
    SweepRecord* now);

}  // namespace reprise

#endif  // REPRISE_LAUNCH_SWEEP_POINTS_SWEEP_RECORD_H_
