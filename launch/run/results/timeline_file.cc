#include "launch/run/results/timeline_file.h"

#include <cstddef>
#include <cstdint>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "core/base/file.h"
#include "core/base/log.h"
#include "core/base/phase.h"
#include "core/base/run_position.h"
#include "core/base/status.h"
#include "core/comm/gather_strings.h"
#include "core/comm/observing/observing_transport.h"
#include "core/comm/reduce.h"
#include "core/comm/transport.h"

namespace reprise {

CollectiveObserver TimelineFile::NoteCollectives(const char* exchanges) {
  return [this, exchanges](const Collective& collective, absl::Time issued,
                           absl::Time completed) {
    events_.Add(collective.kind == Collective::Kind::kAllToAllv ? exchanges
                                                                : "collectives",
                Signature(collective), issued, completed);
  };
}

absl::Status TimelineFile::Open() {
  REPRISE_RETURN_IF_ERROR(ReplaceFile(path_, {"[]"}));
  is_open_ = true;
  return absl::OkStatus();
}

void TimelineFile::AddOpenPhase() {
  const RunPosition position = ReadRunPosition();
  if (position.task == 0 || position.phase == Phase::kOther) return;
  if (has_open_phase_.exchange(true)) return;
  char text[kLongestRunPosition];
  const size_t length = PrintRunPosition(position, text, sizeof(text));
  const absl::Time now = absl::Now();
  events_.Add(
      "compute",
      absl::StrCat("until the failure: ", absl::string_view(text, length)),
      now - absl::Nanoseconds(NanosecondsInPhase(position)), now);
}

absl::Status TimelineFile::Write(Communicator& communicator, bool run_failed) {
  AddOpenPhase();
  REPRISE_ASSIGN_OR_RETURN(const std::vector<absl::Duration> ahead,
                           ClocksAheadOfRank0(communicator));
  REPRISE_ASSIGN_OR_RETURN(
      const std::vector<std::string> packed,
      GatherStringsOnRank0(communicator, events_.Packed()));
  if (communicator.rank() == 0 && is_open_.exchange(false)) {
    Write(packed, ahead, run_failed, "");
  }
  return absl::OkStatus();
}

void TimelineFile::WriteOwnEvents() {
  if (!is_open_.exchange(false)) return;
  AddOpenPhase();
  Write({events_.Packed()}, {absl::ZeroDuration()}, /*run_failed=*/true,
        ", with the events of rank 0 alone, up to the failure");
}

void TimelineFile::Write(const std::vector<std::string>& packed,
                         const std::vector<absl::Duration>& ahead,
                         bool run_failed, absl::string_view what) {
  const absl::Status written = WriteChromeTrace(path_, packed, ahead);
  if (!written.ok()) {
    // The run itself is as it is.
    LogWarning(written.message());
    return;
  }
  const int64_t dropped = events_.dropped();
  if (!run_failed && dropped == 0) return;
  LogInfo(absl::StrCat(
      "timeline: ", path_, what,
      dropped > 0 ? absl::StrCat("; the last ", dropped,
                                 " events of rank 0 had no place in it")
                  : ""));
}

}  // namespace reprise
