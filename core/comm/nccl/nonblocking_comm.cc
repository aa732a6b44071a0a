#include "core/comm/nccl/nonblocking_comm.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "core/base/status.h"

namespace reprise {
namespace {

// A call that is in progress is over when NCCL's thread has enqueued it, after
// some 20 us; or, where it makes connections, later.
constexpr absl::Duration kSpin = absl::Microseconds(100);
constexpr absl::Duration kNap = absl::Microseconds(50);

}  // namespace

absl::Status NonblockingComm::Init(const NcclId& id, int rank, int world_size) {
  NcclConfig config;
  config.blocking = 0;
  return Begun(
      api_.ncclCommInitRankConfig(&comm_, world_size, id, rank, &config),
      "ncclCommInitRankConfig");
}

absl::StatusOr<bool> NonblockingComm::IsIdle(const char* call) const {
  int state = kNcclSuccess;
  REPRISE_RETURN_IF_ERROR(
      api_.FromNccl(api_.ncclCommGetAsyncError(comm_, &state),
                    "ncclCommGetAsyncError", comm_));
  if (state == kNcclInProgress) return false;
  REPRISE_RETURN_IF_ERROR(api_.FromNccl(state, call, comm_));
  return true;
}

absl::Status NonblockingComm::Begun(int result, const char* call) const {
  if (result == kNcclInProgress) return absl::OkStatus();
  return api_.FromNccl(result, call, comm_);
}

absl::Status NonblockingComm::Settled(int result, const char* call) const {
  REPRISE_RETURN_IF_ERROR(Begun(result, call));
  if (result != kNcclInProgress) return absl::OkStatus();
  const absl::Time spin_end = absl::Now() + kSpin;
  while (true) {
    REPRISE_ASSIGN_OR_RETURN(const bool idle, IsIdle(call));
    if (idle) return absl::OkStatus();
    if (interrupted_) {
      return DistributedError(
          absl::StrCat(call, " was given up: the communicator is aborted"));
    }
    if (absl::Now() > spin_end) absl::SleepFor(kNap);
  }
}

bool NonblockingComm::Abort() {
  if (comm_ == nullptr) return false;
  api_.ncclCommAbort(std::exchange(comm_, nullptr));
  return true;
}

absl::Status NonblockingComm::Finalize() {
  REPRISE_RETURN_IF_ERROR(
      Settled(api_.ncclCommFinalize(comm_), "ncclCommFinalize"));
  return api_.FromNccl(api_.ncclCommDestroy(std::exchange(comm_, nullptr)),
                       "ncclCommDestroy", nullptr);
}

}  // namespace reprise
