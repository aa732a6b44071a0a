// How functions of Reprise fail: absl::Status with a message that names the
// file, offset or flag, what was expected, what was found, and the remedy.
//
//   REPRISE_RETURN_IF_ERROR(Open(path));
//   REPRISE_ASSIGN_OR_RETURN(Dataset dataset, ReadMnist(folder));
#ifndef REPRISE_CORE_BASE_STATUS_H_
#define REPRISE_CORE_BASE_STATUS_H_

#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "core/base/exit_code.h"  // for all who include this header

namespace reprise {

// A Status with the given message, which leads to the exit code of its name.
absl::Status UsageError(absl::string_view message);
absl::Status DataError(absl::string_view message);
absl::Status DistributedError(absl::string_view message);
absl::Status StorageError(absl::string_view message);

// A DistributedError of the system call that has just failed: "call: why".
absl::Status DistributedErrorFromErrno(absl::string_view call);

// Marks a failure that every rank of the job has and that each knows the others
// to have, as AgreeOnStatus gives: ranks may leave together, and one of them
// prints the failure. With one that is not marked a rank must abort the job.
absl::Status MarkAgreed(absl::Status status);
bool IsAgreed(const absl::Status& status);

// The same failure with "context: " in front of its message.
absl::Status Annotate(const absl::Status& status, absl::string_view context);

}  // namespace reprise

#define REPRISE_STATUS_CONCAT_INNER(a, b) a##b
#define REPRISE_STATUS_CONCAT(a, b) REPRISE_STATUS_CONCAT_INNER(a, b)

#define REPRISE_RETURN_IF_ERROR(expression)          \
  do {                                               \
    ::absl::Status reprise_status = (expression);    \
    if (!reprise_status.ok()) return reprise_status; \
  } while (false)

#define REPRISE_ASSIGN_OR_RETURN(declaration, expression)               \
  REPRISE_ASSIGN_OR_RETURN_IMPL(                                        \
      REPRISE_STATUS_CONCAT(reprise_status_or_, __LINE__), declaration, \
      expression)
#define REPRISE_ASSIGN_OR_RETURN_IMPL(temporary, declaration, expression) \
  auto temporary = (expression);                                          \
  if (!temporary.ok()) return std::move(temporary).status();              \
  declaration = *std::move(temporary)

#endif  // REPRISE_CORE_BASE_STATUS_H_
