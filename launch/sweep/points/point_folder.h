// The folder of a point: whether its run has finished, and what it came to.
#ifndef REPRISE_LAUNCH_SWEEP_POINTS_POINT_FOLDER_H_
#define REPRISE_LAUNCH_SWEEP_POINTS_POINT_FOLDER_H_

#include <map>
#include <optional>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

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
  PointMeasures measures;  // of one that has finished
};

// `settings`: of the point, as JSON by name. UsageError where the folder has a
// finished run with others, or one that is at work; StorageError.
absl::StatusOr<PointFolder> ReadPointFolder(
    const std::string& folder,
    const std::map<std::string, std::string>& settings);

// Moves `folder` to `<aside>/<its name>.1`, or .2 and so on where that is
// taken. Returns where it is now.
absl::StatusOr<std::string> SetAside(const std::string& folder,
                                     const std::string& aside);

// The last line of the output that tells an error, else the last of all; empty
// where there is none. At most 400 bytes of it.
std::string LastErrorLine(absl::string_view output);

}  // namespace reprise

#endif  // REPRISE_LAUNCH_SWEEP_POINTS_POINT_FOLDER_H_
