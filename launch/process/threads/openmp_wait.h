// How the threads of a step wait for one another. By default OpenMP's spin for
// 300,000 turns (16 ms on Intel's processors) before they sleep: beside a
// neighbour that keeps a core busy they spin in the time that the thread they
// wait for needs, and a step takes many times as long. Here they spin for a
// tenth of that, which measured as fast on a quiet machine; where they sleep at
// once a step takes four times as long there (docs/PROCESSORS.md).
#ifndef REPRISE_LAUNCH_PROCESS_THREADS_OPENMP_WAIT_H_
#define REPRISE_LAUNCH_PROCESS_THREADS_OPENMP_WAIT_H_

#include <string>

#include "absl/status/status.h"

namespace reprise {

// Sets GOMP_SPINCOUNT for this program's next start and what it starts, unless
// GOMP_SPINCOUNT or OMP_WAIT_POLICY is set: the user has chosen then. Returns
// whether it did.
bool LimitSpinning();

// OpenMP reads its variables before main: starts this program again in the same
// process, which keeps its open files but those that close on exec. Returns
// only with the failure, and then GOMP_SPINCOUNT is not set again: threads spin
// as they would have. It does not try where the process's program is another, a
// loader or a translator that was given this one, and under valgrind. Whoever
// cannot have a second start sets GOMP_SPINCOUNT (to 30000) before the first.
// After LimitSpinning.
absl::Status StartAgain(char** argv);

// "GOMP_SPINCOUNT=30000": what holds, as variables; empty if none is set.
std::string OpenMpWait();

}  // namespace reprise

#endif  // REPRISE_LAUNCH_PROCESS_THREADS_OPENMP_WAIT_H_
