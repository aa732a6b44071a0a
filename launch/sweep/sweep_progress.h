// How far a sweep is: what its table, its lines and its files are made from.
#ifndef REPRISE_LAUNCH_SWEEP_SWEEP_PROGRESS_H_
#define REPRISE_LAUNCH_SWEEP_SWEEP_PROGRESS_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/time/time.h"
#include "core/base/status.h"
#include "launch/sweep/points/point_folder.h"
#include "launch/sweep/points/sweep_points.h"

namespace reprise {

struct PointProgress {
  enum class State { kWaiting, kRunning, kDone, kFailed };
  State state = State::kWaiting;
  absl::Time started;      // where it runs
  PointMeasures measures;  // where it is done
  // Where it has failed: how it ended, its last error line, and the path of
  // what it wrote.
  std::string end, error_line, log;
  ExitCode exit_code = ExitCode::kOk;
};

struct SweepProgress {
  std::vector<SweepPoint> points;
  std::vector<PointProgress> of_point;  // in the order of `points`
  int64_t parallel = 1;

  int64_t Count(PointProgress::State state) const;
};

// "7 of 9 done, 1 failed, about 12 min left"; without a time where no point is
// done to judge by.
std::string ProgressLine(const SweepProgress& progress, absl::Time now);

// "about 40 s", "about 12 min", "about 3.5 h".
std::string AboutText(absl::Duration duration);

}  // namespace reprise

#endif  // REPRISE_LAUNCH_SWEEP_SWEEP_PROGRESS_H_
