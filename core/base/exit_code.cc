#include "core/base/exit_code.h"

#include <string>

#include "absl/strings/cord.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/types/optional.h"

namespace reprise {
namespace {

constexpr absl::string_view kExitCodePayload = "reprise/exit_code";

}  // namespace

absl::Status StatusWithExitCode(absl::StatusCode code,
                                absl::string_view message, ExitCode exit_code) {
  absl::Status status(code, message);
  status.SetPayload(kExitCodePayload,
                    absl::Cord(absl::StrCat(static_cast<int>(exit_code))));
  return status;
}

ExitCode ExitCodeOf(const absl::Status& status) {
  if (status.ok()) return ExitCode::kOk;
  const absl::optional<absl::Cord> payload =
      status.GetPayload(kExitCodePayload);
  int code = 0;
  if (payload.has_value() && absl::SimpleAtoi(std::string(*payload), &code)) {
    return static_cast<ExitCode>(code);
  }
  return ExitCode::kInternal;
}

}  // namespace reprise
