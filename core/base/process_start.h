// What every process of the program does first, before it opens anything:
// whoever started it may have left it in a state that would spoil its files.
#ifndef REPRISE_CORE_BASE_PROCESS_START_H_
#define REPRISE_CORE_BASE_PROCESS_START_H_

namespace reprise {

// After a fork that closed descriptors, too.
//
// Descriptors 0 to 2 that are closed lead to /dev/null from now on (`>&-`,
// daemons): else the first files opened would get their numbers, and what is
// printed would be written into results. Async-signal-safe.
void OpenStandardDescriptors();

// First thing in a process; makes system calls only, so that it may run before
// the libraries' own initialisation. Calls OpenStandardDescriptors. A write
// beyond a limit of file size (`ulimit -f`) fails, as on a full disk, and does
// not end the process by SIGXFSZ. Where the working folder has been removed,
// which libraries end the process for, it becomes one in which relative paths
// lead nowhere either.
void PrepareProcess();

}  // namespace reprise

#endif  // REPRISE_CORE_BASE_PROCESS_START_H_
