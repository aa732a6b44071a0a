// `reprise sweep FILE`: many runs that differ in a few settings.
#ifndef REPRISE_LAUNCH_SWEEP_SWEEP_COMMAND_H_
#define REPRISE_LAUNCH_SWEEP_SWEEP_COMMAND_H_

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "launch/settings/experiments.h"

namespace reprise {

// `arguments` follow the verb sweep; --help among them prints what the command
// takes. Everything is checked before anything starts. OK when every point is
// done. Else the exit code is
//   kInterrupted  a signal ended it; the same command goes on
//   of a point    all have run, and some have failed, or one has under
//                 --stop-on-failure: the first one's
// UsageError for the file, the folder or the command line; DataError,
// DistributedError, StorageError for what is the sweep's own. Call after
// PrepareProcess (core/base/process_start.h) and before any thread is started.
absl::Status RunSweepCommand(const std::vector<std::string>& arguments,
                             const Experiment& experiment);

}  // namespace reprise

#endif  // REPRISE_LAUNCH_SWEEP_SWEEP_COMMAND_H_
