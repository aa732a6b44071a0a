// run.json in the folder of a run: what exactly ran, where, and since when.
// Only rank 0 writes it.
#ifndef REPRISE_CORE_METRICS_RUN_JSON_H_
#define REPRISE_CORE_METRICS_RUN_JSON_H_

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"

namespace reprise {

// The content of a run.json that only claims its folder: this process's host,
// pid and start time.
std::string RunJsonClaim();

// "process 17 on host a since ...", or less where the file does not say.
std::string OwnerInRunJson(const std::string& run_json);

// What run.json says besides host, pid and start time. Values named *_json are
// JSON text; the rest are plain strings.
struct RunInfo {
  struct Setting {
    std::string name, value_json, origin;
  };
  std::string run_id;  // MakeRunId's
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

// What a run.json says: the claim, and the rest once the run has written it.
struct RunJson {
  std::string host;
  int64_t pid = 0;
  absl::Time started = absl::InfinitePast();  // as the folder was claimed
  // Whether `info` was written: a run that fails early leaves the claim only.
  bool is_complete = false;
  RunInfo info;
};

// Reads `folder`/run.json. What a file of another version lacks has the
// defaults above. DataError naming file and key where it is no JSON object with
// a schema that this version knows, or a value is of another type; StorageError
// where it cannot be read.
absl::StatusOr<RunJson> ReadRunJson(const std::string& folder);

}  // namespace reprise

#endif  // REPRISE_CORE_METRICS_RUN_JSON_H_
