// The folder of one run, <results-dir>/<save-dir>, and run.json in it: what
// exactly ran, where, and since when. The presence of run.json is what makes a
// folder taken. Only rank 0 makes either.
#ifndef REPRISE_CORE_METRICS_RESULTS_FOLDER_H_
#define REPRISE_CORE_METRICS_RESULTS_FOLDER_H_

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "absl/status/status.h"
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

// What run.json says besides host, pid and start time. Values named *_json are
// JSON text; the rest are plain strings.
struct RunInfo {
  struct Setting {
    std::string name, value_json, origin;
  };
  std::string experiment;
  std::string version;       // of Reprise
  std::string commit;        // "unknown" outside a checkout
  std::string build_flags;   // compiler and options
  std::string communicator;  // transport, library version, pinned algorithms
  std::vector<std::string> hosts;    // in rank order
  std::vector<std::string> devices;  // in rank order
  std::vector<int64_t> threads;      // in rank order
  // In rank order: what each may run on, "0-3,8", and whether it was bound to
  // them, so that they are its own.
  std::vector<std::string> cores;
  std::vector<bool> bound;
  // In rank order: how many cores' time each may take; 0 without a quota.
  std::vector<double> core_quotas;
  std::string openmp_wait;  // of rank 0: its variables, see
                            // launch/process/threads/openmp_wait.h
  int world_size = 1;
  uint64_t seed = 0;
  std::string data_source;
  bool generated_data = false;
  std::map<std::string, std::string> data_digests;  // file -> digest
  std::string model;                                // name, depth, variant
  std::string memory_format;  // of images and convolutions
  // Who chose it: the "flag", the table as "measured", its "rule".
  std::string memory_format_origin;
  int64_t parameters = 0;
  std::vector<Setting> settings;  // every flag, without secrets
};

// Replaces `folder`/run.json, keeping the claim. InternalError when a
// value_json is not JSON, StorageError when the file cannot be written.
absl::Status WriteRunJson(const std::string& folder, const RunInfo& info);

}  // namespace reprise

#endif  // REPRISE_CORE_METRICS_RESULTS_FOLDER_H_
