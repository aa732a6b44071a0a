// The cores of this host over points that run at the same time.
#ifndef REPRISE_LAUNCH_SWEEP_CORE_SHARES_H_
#define REPRISE_LAUNCH_SWEEP_CORE_SHARES_H_

#include <cstdint>
#include <vector>

namespace reprise {

// Each point has as many, so that how it computes does not depend on which
// points run beside it: what is left over stays idle.
struct CoreShares {
  int64_t cores_per_point = 1;
  // A slice for each place of a point; empty: points are not bound. So for a
  // point that is alone, where there are fewer cores than points, and under a
  // quota, where numbers of cores mean nothing.
  std::vector<std::vector<int>> slices;
};

// `cores`: that this process may use, in the order to be cut; `usable`: how
// many cores' time it may take.
CoreShares ShareCores(const std::vector<int>& cores, int64_t usable,
                      int64_t parallel);

// The threads that a rank of a point that is not bound computes with, where
// nobody has said: its point's cores over its ranks, at least 1.
int64_t ThreadsWithin(const CoreShares& shares, int64_t ranks);

// How many threads a point computes with at least; `threads` of each rank, 0
// where nobody has said.
int64_t LeastThreads(int64_t ranks, int64_t threads);

}  // namespace reprise

#endif  // REPRISE_LAUNCH_SWEEP_CORE_SHARES_H_
