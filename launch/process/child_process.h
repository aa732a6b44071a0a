// Processes that the launcher starts and outlives: mpirun and what it compares
// hosts with.
#ifndef REPRISE_LAUNCH_PROCESS_CHILD_PROCESS_H_
#define REPRISE_LAUNCH_PROCESS_CHILD_PROCESS_H_

#include <signal.h>
#include <sys/types.h>

#include <string>
#include <vector>

#include "absl/status/statusor.h"

namespace reprise {

// Starts `arguments` (the first is the program's path) with stdin from
// /dev/null, stdout and stderr to these descriptors, and `mask` as its blocked
// signals. The process has a group of its own, since the terminal's keys are
// for this process, and gets SIGTERM when this one ends. It ends with 127 when
// the program cannot be run. DistributedError when there is no process to be
// had, or `out` or `err` is not open.
absl::StatusOr<pid_t> StartChild(std::vector<std::string> arguments, int out,
                                 int err, const sigset_t& mask);

}  // namespace reprise

#endif  // REPRISE_LAUNCH_PROCESS_CHILD_PROCESS_H_
