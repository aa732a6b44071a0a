// The folders of runs below a folder.
#ifndef REPRISE_LAUNCH_REPORT_RUNS_RUN_SEARCH_H_
#define REPRISE_LAUNCH_REPORT_RUNS_RUN_SEARCH_H_

#include <string>
#include <vector>

#include "absl/status/statusor.h"

namespace reprise {

// `root` and every folder below it that has a run.json, sorted, each beginning
// with `root`. Symbolic links below `root` are not followed, so that there is
// no circle. UsageError where `root` is no folder; StorageError where a folder
// below it cannot be read.
absl::StatusOr<std::vector<std::string>> FindRuns(const std::string& root);

}  // namespace reprise

#endif  // REPRISE_LAUNCH_REPORT_RUNS_RUN_SEARCH_H_
