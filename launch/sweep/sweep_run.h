// The points of a sweep as processes of this program, some at a time, from the
// first to the last or to an interrupt.
#ifndef REPRISE_LAUNCH_SWEEP_SWEEP_RUN_H_
#define REPRISE_LAUNCH_SWEEP_SWEEP_RUN_H_

#include <signal.h>

#include <cstddef>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "core/base/file.h"
#include "launch/process/subprocess.h"
#include "launch/sweep/core_shares.h"
#include "launch/sweep/sweep_display.h"
#include "launch/sweep/sweep_progress.h"

namespace reprise {

struct SweepRunOptions {
  std::string program;  // that runs a point
  std::string folder;   // of the sweep
  CoreShares shares;
  std::vector<std::string> gpu_shares;  // ShareGpus'
  bool stop_on_failure = false;
  // Called whenever a point is done or has failed.
  std::function<void()> point_ended = [] {};
  // After SIGTERM, until SIGKILL: a job of ranks takes ten seconds.
  absl::Duration patience = absl::Seconds(20);
};

// Blocks signals of the process while it lives: one at a time, in a process
// with one thread. Not thread-safe.
class SweepRun {
 public:
  // `progress` and `display` outlive it.
  SweepRun(SweepRunOptions options, SweepProgress* progress,
           SweepDisplay* display);
  SweepRun(const SweepRun&) = delete;
  ~SweepRun();

  enum class End { kAllEnded, kStoppedOnFailure, kInterrupted };

  // Runs every point that is waiting, in order. A point that fails is told and
  // the others go on, unless `stop_on_failure`. SIGINT, SIGTERM or SIGHUP:
  // nothing more is started, what runs gets SIGTERM, and SIGKILL after
  // `patience` or at the next such signal; those points are waiting again.
  // When it returns no process of its own is left. DistributedError where no
  // process can be had, StorageError; a point's own failure is none.
  absl::StatusOr<End> Run();

 private:
  struct Running {
    size_t point;
    size_t place;  // of shares
    Subprocess process;
  };

  absl::Status StartWaiting();
  absl::Status Start(size_t point);
  void WaitForEvent();
  void ReadSignals();
  void EndAll();
  void TakeEnded();
  void Judge(size_t point, const ProcessEnd& end);
  End HowEnded() const;
  size_t FreePlace() const;
  std::string FolderOf(size_t point) const;

  const SweepRunOptions options_;
  SweepProgress& progress_;
  SweepDisplay& display_;
  sigset_t mask_before_;
  FileDescriptor signals_;
  std::vector<Running> running_;
  bool child_ended_ = false;                  // a signal said so
  std::optional<End> ending_;                 // nothing more is started
  absl::Time kill_ = absl::InfiniteFuture();  // what still runs then
};

}  // namespace reprise

#endif  // REPRISE_LAUNCH_SWEEP_SWEEP_RUN_H_
