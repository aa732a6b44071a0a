// The file of --timeline: what all ranks did when or, of a run that fails,
// as much of it as can still be had.
#ifndef REPRISE_LAUNCH_RUN_RESULTS_TIMELINE_FILE_H_
#define REPRISE_LAUNCH_RUN_RESULTS_TIMELINE_FILE_H_

#include <atomic>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "core/comm/communicator.h"
#include "core/comm/observing/observing_transport.h"
#include "core/metrics/timeline/timeline.h"

namespace reprise {

// Every rank has one and notes its events; rank 0 writes the file. Must outlive
// the communicator's thread, which notes collectives.
class TimelineFile {
 public:
  explicit TimelineFile(std::string path) : path_(std::move(path)) {}

  Timeline& events() { return events_; }

  // Notes collectives. `exchanges`: what the track of AllToAllv is called.
  CollectiveObserver NoteCollectives(const char* exchanges);

  // On rank 0: replaces the file by an empty trace, so that one that cannot be
  // written is known now, not after hours. StorageError.
  absl::Status Open();

  // Collective, after Open: writes the events of all ranks. Says so in a line
  // where the run has failed (`run_failed`), which may not be expected, or
  // where some events are missing. A file that cannot be written any more costs
  // a warning; an error is the communicator's.
  absl::Status Write(Communicator& communicator, bool run_failed);

  // On rank 0, from any thread, where the other ranks can no longer be asked:
  // writes its own events and says so, unless the file was not opened or has
  // been written.
  void WriteOwnEvents();

 private:
  // The phase that the run has not left, if it has failed in one. Once: what
  // Write has begun WriteOwnEvents may end.
  void AddOpenPhase();

  void Write(const std::vector<std::string>& packed,
             const std::vector<absl::Duration>& ahead, bool run_failed,
             absl::string_view what);

  const std::string path_;
  Timeline events_;
  std::atomic<bool> is_open_{false};  // and not written
  std::atomic<bool> has_open_phase_{false};
};

}  // namespace reprise

#endif  // REPRISE_LAUNCH_RUN_RESULTS_TIMELINE_FILE_H_
