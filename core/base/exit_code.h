// The exit codes of every Reprise program, and how a failure carries the one
// that it leads to: as a payload of its Status.
#ifndef REPRISE_CORE_BASE_EXIT_CODE_H_
#define REPRISE_CORE_BASE_EXIT_CODE_H_

#include "absl/status/status.h"
#include "absl/strings/string_view.h"

namespace reprise {

enum class ExitCode : int {
  kOk = 0,
  kInternal = 1,
  kUsage = 2,
  kData = 3,
  kDistributed = 4,
  kStorage = 5,
  kInterrupted = 75,  // interrupted and resumable (EX_TEMPFAIL)
};

// Any code and message with an exit code: for a failure that another rank told.
absl::Status StatusWithExitCode(absl::StatusCode code,
                                absl::string_view message, ExitCode exit_code);

// kOk for OK, the code that was given (as status.h does), else kInternal.
ExitCode ExitCodeOf(const absl::Status& status);

}  // namespace reprise

#endif  // REPRISE_CORE_BASE_EXIT_CODE_H_
