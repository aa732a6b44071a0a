// What the user reads when a signal ends a run: one line that names the signal,
// where the run was and where its results lie.
#ifndef REPRISE_LAUNCH_PROCESS_INTERRUPT_H_
#define REPRISE_LAUNCH_PROCESS_INTERRUPT_H_

#include <cstddef>
#include <string>

#include "absl/strings/string_view.h"

namespace reprise {

// "reprise: signal 2 (Interrupt) ended the run in task 1, epoch 2, step 31;
// results so far: FOLDER\n". Either may be empty: before the first step, before
// there is a folder.
std::string InterruptLine(int signal, absl::string_view position,
                          absl::string_view folder);

// From now on SIGINT, SIGTERM, SIGHUP, SIGXCPU (`ulimit -t`), SIGUSR1 and
// SIGUSR2 (a batch system's warnings), unless they are ignored, write that line
// to stderr and then end this process as they would have. Once, by a rank that
// has no launcher to write it. `may_use_terminal`: rank_process.h.
void ReportInterrupts(bool may_use_terminal);

// What the line says beside core/base/run_position.h. Any thread.
void SetInterruptFolder(const std::string& folder);

}  // namespace reprise

#endif  // REPRISE_LAUNCH_PROCESS_INTERRUPT_H_
