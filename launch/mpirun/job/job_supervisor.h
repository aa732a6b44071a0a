// A job under mpirun from its start to its end: forwards what the user should
// see and the user's signals, ends what does not end by itself, and says what
// the job came to.
#ifndef REPRISE_LAUNCH_MPIRUN_JOB_JOB_SUPERVISOR_H_
#define REPRISE_LAUNCH_MPIRUN_JOB_JOB_SUPERVISOR_H_

#include <signal.h>

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "core/base/file.h"
#include "launch/mpirun/job/job_folders.h"
#include "launch/mpirun/job/mpirun_report.h"
#include "launch/mpirun/job/rank_watch.h"
#include "launch/process/subprocess.h"

namespace reprise {

// Each one follows on an earlier one; any of them may be left out.
enum class JobPhase {
  kRunning,      // until a rank fails, is missed, or the user interrupts
  kEnding,       // mpirun has a deadline to end by itself
  kTerminating,  // it got SIGTERM, and has another deadline
  kKilled,       // it and the ranks on this host got SIGKILL
  kEnded,        // it is gone
};

// Blocks signals of the process and sets its TMPDIR: one at a time, made before
// any thread is started. Not thread-safe.
class JobSupervisor {
 public:
  // `site_settings`: settings of Open MPI in the environment, "NAME=VALUE", to
  // be named where no run begins.
  JobSupervisor(int64_t ranks, bool on_this_host,
                std::vector<std::string> site_settings);

  // Calls `prepare`, before Run, with the signals that processes which it
  // starts have blocked and a descriptor that can be read once the user
  // interrupts; it then ends with CancelledError, and this does not return.
  absl::Status RunInterruptibly(
      const std::function<absl::Status(const sigset_t& mask, int interrupt)>&
          prepare);

  // Runs mpirun with these arguments. The exit code of the job, once all is
  // said and no process of it is left on this host. DistributedError if mpirun
  // cannot be started or watched. Does not return if the user has interrupted:
  // the process ends by the same signal.
  absl::StatusOr<int> Run(std::vector<std::string> arguments);

 private:
  bool LooksForMissedRank() const;
  absl::Status WaitForEvent();
  void ReadStderr();
  void ReadSignal();
  void Interrupt();
  void EndWithin(absl::Duration from_now);
  void MeetDeadline();
  void EndNow();
  void Drain();
  MpirunReport::Rank Reported(int rank) const;
  void EndBySignal();
  std::string SiteHint() const;
  int Conclude();

  const int64_t ranks_;
  const std::vector<std::string> site_settings_;
  std::optional<JobFolders> folders_;
  sigset_t mask_before_, interrupts_;
  FileDescriptor signals_;
  std::optional<Subprocess> mpirun_;
  MpirunReport report_;
  RankWatch watch_;

  JobPhase phase_ = JobPhase::kRunning;
  absl::Time deadline_ = absl::InfiniteFuture();  // of the phase
  int interrupted_by_ = 0;                        // 0: not
  std::optional<int> missed_rank_;                // the first
};

}  // namespace reprise

#endif  // REPRISE_LAUNCH_MPIRUN_JOB_JOB_SUPERVISOR_H_
