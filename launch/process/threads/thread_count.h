// How many threads a rank computes with.
#ifndef REPRISE_LAUNCH_PROCESS_THREADS_THREAD_COUNT_H_
#define REPRISE_LAUNCH_PROCESS_THREADS_THREAD_COUNT_H_

#include <cstdint>

namespace reprise {

// Compute threads of a rank: `flag` if positive, else $OMP_NUM_THREADS, else
// its part of the cores that the ranks of its host may use together, but no
// more than it may use itself; at least 1.
int64_t ThreadsOfRank(int64_t flag, int ranks_on_host, int cores_of_ranks);

}  // namespace reprise

#endif  // REPRISE_LAUNCH_PROCESS_THREADS_THREAD_COUNT_H_
