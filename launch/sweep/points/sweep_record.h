// sweep.json in the folder of a sweep: its points as they were resolved, and
// which build of the program runs each, written before anything starts.
#ifndef REPRISE_LAUNCH_SWEEP_POINTS_SWEEP_RECORD_H_
#define REPRISE_LAUNCH_SWEEP_POINTS_SWEEP_RECORD_H_

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "launch/sweep/points/sweep_points.h"

namespace reprise {

struct SweepRecord {
  struct Point {
    std::string name;
    std::vector<std::string> arguments;
    // Of the program that has run it, or is to; empty: none yet.
    std::string program_digest;
  };
  std::string file;                     // that the points are from
  std::string version, program_digest;  // of the last start (program_info.h)
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

// Fills the points of `now` from `points`, with what `before` knows of them,
// and says how they differ from those of `before`.
SweepChanges ContinueRecord(const SweepRecord& before,
                            const std::vector<SweepPoint>& points,
                            SweepRecord* now);

// How many points each build has, by its digest.
std::map<std::string, int64_t> CountBuilds(const SweepRecord& record);

}  // namespace reprise

#endif  // REPRISE_LAUNCH_SWEEP_POINTS_SWEEP_RECORD_H_
