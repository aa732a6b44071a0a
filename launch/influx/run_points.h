// The points of a run as its results folder has them: those of metrics.lp or,
// where it has none or fewer (a run without a server; one that was killed; a
// full disk), those made of its metrics.jsonl, which are the same. Half a last
// line is left out. Neither file is held in memory.
#ifndef REPRISE_LAUNCH_INFLUX_RUN_POINTS_H_
#define REPRISE_LAUNCH_INFLUX_RUN_POINTS_H_

#include <cstdint>
#include <functional>
#include <ostream>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace reprise {

struct RunPoints {
  std::string path;       // of the file that they are taken from
  bool is_spool = false;  // whether that is metrics.lp
  int64_t count = 0;      // of points
  int64_t end = 0;        // of metrics.lp's last whole line, in bytes
};

// UsageError where the folder has neither file, StorageError where one cannot
// be read, DataError where it is not what it should be. Where the other has
// points that is only told, in `out`.
absl::StatusOr<RunPoints> FindRunPoints(const std::string& folder,
                                        std::ostream& out);

// Gives all points to `take`, in their order, whole lines at a time: at most
// kBatchPoints and about kBatchBytes (point_delivery.h). The first failure of
// `take`, or of reading as above.
absl::Status ForEachBatch(
    const RunPoints& points,
    const std::function<absl::Status(absl::string_view lines)>& take);

}  // namespace reprise

#endif  // REPRISE_LAUNCH_INFLUX_RUN_POINTS_H_
