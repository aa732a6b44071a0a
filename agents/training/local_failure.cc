#include "agents/training/local_failure.h"

#include "absl/strings/str_cat.h"
#include "core/base/status.h"
#include "core/comm/agreement.h"

namespace reprise {

absl::Status LocalFailure::Keep(int64_t step_of_epoch,
                                const absl::Status& local) {
  if (local.ok() || communicator_.world_size() == 1 || tell_ == nullptr) {
    return local;
  }
  tell_();
  kept_.Update(Annotate(local, absl::StrCat("step ", step_of_epoch + 1)));
  return absl::OkStatus();
}

absl::Status LocalFailure::CauseOf(const absl::Status& failure) {
  if (failure.ok()) return failure;
  if (!IsAgreed(failure)) return kept_.ok() ? failure : kept_;
  REPRISE_RETURN_IF_ERROR(Agree());
  return failure;
}

absl::Status LocalFailure::Agree() {
  return AgreeOnStatus(communicator_, kept_);
}

}  // namespace reprise
