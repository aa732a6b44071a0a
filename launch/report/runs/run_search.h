// The folders of runs below a folder.
#ifndef REPRISE_LAUNCH_REPORT_RUNS_RUN_SEARCH_H_
#define REPRISE_LAUNCH_REPORT_RUNS_RUN_SEARCH_H_

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace reprise {

struct FoundRuns {
  std::vector<std::string> folders;  // sorted, each beginning with the root
  // StorageError naming the first folder that could not be read, so that runs
  // may lack. One that vanishes meanwhile is none.
  absl::Status unread;
};

// `root` and every folder below it that has a run.json; what is within the
// folder of a run is not looked into. Symbolic links below `root` are not
// followed, so that there is no circle. UsageError where `root` is no folder.
absl::StatusOr<FoundRuns> FindRuns(const std::string& root);

}  // namespace reprise

#endif  // REPRISE_LAUNCH_REPORT_RUNS_RUN_SEARCH_H_
