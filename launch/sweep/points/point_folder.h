// The folder of a point: whether its run has finished, and what it came to.
#ifndef REPRISE_LAUNCH_SWEEP_POINTS_POINT_FOLDER_H_
#define REPRISE_LAUNCH_SWEEP_POINTS_POINT_FOLDER_H_

#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "launch/sweep/points/sweep_points.h"

namespace reprise {

// Of the method's own classifier at the end; nullopt where there was no
// evaluation, or none of it.
struct PointMeasures {
  std::optional<double> average_incremental_accuracy, final_accuracy,
      forgetting;
  std::optional<double> images_per_second;
  double seconds = 0;
  bool generated_data = false;
};

// What the child wrote, from its first word.
inline constexpr char kOutputFile[] = "output.txt";

struct PointFolder {
  enum class State { kNothing, kUnfinished, kFinished };
  State state = State::kNothing;
  // Of one that has finished.
  PointMeasures measures;
  // "lr was 0.2, is 0.1": what it had otherwise than the point, which it is not
  // a run of, then. Ten of more, and "...".
  std::vector<std::string> differences;
};

// What is in `folder`, that of `point`. A setting that a finished run knows
// nothing of, as its build was older, is no difference while it has its
// default. UsageError where a run is at work there; StorageError.
absl::StatusOr<PointFolder> ReadPointFolder(const std::string& folder,
                                            const SweepPoint& point);

// Moves `folder` to `<aside>/<its name>.1`, or .2 and so on where that is
// taken. Returns where it is now.
absl::StatusOr<std::string> SetAside(const std::string& folder,
                                     const std::string& aside);

// The last line of the output that tells an error, else the last of all; empty
// where there is none. At most 400 bytes of it.
std::string LastErrorLine(absl::string_view output);

}  // namespace reprise

#endif  // REPRISE_LAUNCH_SWEEP_POINTS_POINT_FOLDER_H_
