// The log of a run: plain lines on stderr (rank 0; warnings and errors from all
// ranks, prefixed with the rank where there are several) and, once the results
// folder exists, in its log.txt. Thread-safe.
#ifndef REPRISE_CORE_BASE_LOG_H_
#define REPRISE_CORE_BASE_LOG_H_

#include <string>

#include "absl/strings/string_view.h"
#include "core/base/status.h"

namespace reprise {

void LogInfo(absl::string_view line);
void LogWarning(absl::string_view line);
void LogError(absl::string_view line);
// An error that all ranks have: told by rank 0, without its number.
void LogSharedError(absl::string_view line);

struct LogOptions {
  int rank = 0;
  int world_size = 1;
  // Appended to; empty: no file. Only rank 0 passes one.
  std::string file;
};

// Replaces the configuration. StorageError when the file cannot be opened.
absl::Status ConfigureLog(const LogOptions& options);

// Called before each line is written to stderr, so that a live progress line
// can be cleared first; nullptr: none.
void SetBeforeLogLine(void (*callback)());

}  // namespace reprise

#endif  // REPRISE_CORE_BASE_LOG_H_
