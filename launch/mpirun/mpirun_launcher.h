// An experiment's program is its own launcher: with --ranks or --hosts it
// starts itself under mpirun, stays as mpirun's parent, and says in one line
// which rank ended a job and how.
#ifndef REPRISE_LAUNCH_MPIRUN_MPIRUN_LAUNCHER_H_
#define REPRISE_LAUNCH_MPIRUN_MPIRUN_LAUNCHER_H_

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "launch/mpirun/command/network.h"

namespace reprise {

struct Launch {
  int64_t ranks = 1;
  std::string hosts;  // "a:2,b:2"; empty: all ranks on this host
  std::vector<std::string> arguments;  // of every rank
  Network network = Network::kAuto;
};

// Runs this program (/proc/self/exe) as `launch.ranks` ranks and returns the
// exit code of the job:
//   0          every rank reported completion with 0
//   1 2 3 5 75 the first rank that failed exited with it
//   4          any other end: a signal, an undocumented code, MPI_Abort,
//              an exit before completion, mpirun's own failure
// In all but the first case one line on stderr names rank, host, process id and
// how it ended, unless the rank reported completion and so has said why itself.
//
// Where `hosts` names others than this one, no rank starts before the program
// was found to be the same on all (host_check.h, whose errors are returned).
//
// SIGINT, SIGTERM and SIGHUP end the job and then, with one line
// (launch/process/interrupt.h), this process, by the same signal; SIGUSR1 and
// SIGUSR2 reach the ranks. If this process is killed, mpirun ends the job. Call
// after PrepareProcess (core/base/process_start.h) and before any thread is
// started: signals are blocked.
absl::StatusOr<int> LaunchRanks(const Launch& launch);

// What the verb run does with `ranks` and `hosts`. nullopt: run here, as one
// rank of a job that mpirun or srun started, or alone. Else the exit code of
// the job. `ranks_are_given`: --ranks or --hosts was given, not defaulted; then
// a job started from outside must have as many (UsageError).
absl::StatusOr<std::optional<int>> LaunchRanksIfAsked(const Launch& launch,
                                                      bool ranks_are_given);

}  // namespace reprise

#endif  // REPRISE_LAUNCH_MPIRUN_MPIRUN_LAUNCHER_H_
