// Whether the process that a run.json names is still there.
#ifndef REPRISE_LAUNCH_REPORT_RUN_PROCESS_H_
#define REPRISE_LAUNCH_REPORT_RUN_PROCESS_H_

#include "core/metrics/run_json.h"

namespace reprise {

// True only where it is sure: the run's host is this one, the process exists,
// and it is not a later one that was given the same number.
bool IsStillRunning(const RunJson& run);

}  // namespace reprise

#endif  // REPRISE_LAUNCH_REPORT_RUN_PROCESS_H_
