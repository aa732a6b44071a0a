// The folder of one run, <results-dir>/<save-dir>. The presence of run.json
// (run_json.h) is what makes a folder taken. Only rank 0 makes it.
#ifndef REPRISE_CORE_METRICS_RESULTS_FOLDER_H_
#define REPRISE_CORE_METRICS_RESULTS_FOLDER_H_

#include <string>

#include "absl/status/statusor.h"

namespace reprise {

// Creates the folder and the folders above it, and claims it by creating
// run.json with this process's host, pid and start time, so that of two runs
// started at once one is refused. An empty `save_dir` is the local time, as in
// 20240229-235959, with -2, -3 ... where that is taken. Returns its path.
// UsageError naming the folder, the pid and host that took it, and the remedy,
// when it holds a run already; StorageError when it cannot be created.
absl::StatusOr<std::string> CreateResultsFolder(const std::string& results_dir,
                                                const std::string& save_dir);

}  // namespace reprise

#endif  // REPRISE_CORE_METRICS_RESULTS_FOLDER_H_
