#include "core/base/status.h"

#include <cerrno>
#include <cstring>

#include "absl/strings/cord.h"
#include "absl/strings/str_cat.h"

namespace reprise {
namespace {

constexpr absl::string_view kSharedPayload = "reprise/shared";

}  // namespace

absl::Status UsageError(absl::string_view message) {
  return StatusWithExitCode(absl::StatusCode::kInvalidArgument, message,
                            ExitCode::kUsage);
}

absl::Status DataError(absl::string_view message) {
  return StatusWithExitCode(absl::StatusCode::kDataLoss, message,
                            ExitCode::kData);
}

absl::Status DistributedError(absl::string_view message) {
  return StatusWithExitCode(absl::StatusCode::kAborted, message,
                            ExitCode::kDistributed);
}

absl::Status DistributedErrorFromErrno(absl::string_view call) {
  return DistributedError(absl::StrCat(call, ": ", strerror(errno)));
}

absl::Status StorageError(absl::string_view message) {
  return StatusWithExitCode(absl::StatusCode::kUnavailable, message,
                            ExitCode::kStorage);
}

absl::Status MarkAgreed(absl::Status status) {
  if (!status.ok()) status.SetPayload(kSharedPayload, absl::Cord());
  return status;
}

bool IsAgreed(const absl::Status& status) {
  return status.GetPayload(kSharedPayload).has_value();
}

absl::Status Annotate(const absl::Status& status, absl::string_view context) {
  if (status.ok()) return status;
  absl::Status annotated(status.code(),
                         absl::StrCat(context, ": ", status.message()));
  status.ForEachPayload([&](absl::string_view url, const absl::Cord& payload) {
    annotated.SetPayload(url, payload);
  });
  return annotated;
}

}  // namespace reprise
