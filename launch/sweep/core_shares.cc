#include "launch/sweep/core_shares.h"

#include <algorithm>

namespace reprise {

CoreShares ShareCores(const std::vector<int>& cores, int64_t usable,
                      int64_t parallel) {
  CoreShares shares;
  shares.cores_per_point = std::max<int64_t>(1, usable / parallel);
  const bool has_quota = usable != static_cast<int64_t>(cores.size());
  if (parallel == 1 || has_quota || parallel > usable) return shares;
  for (int64_t place = 0; place < parallel; ++place) {
    const auto first = cores.begin() + place * shares.cores_per_point;
    shares.slices.emplace_back(first, first + shares.cores_per_point);
  }
  return shares;
}

int64_t ThreadsWithin(const CoreShares& shares, int64_t ranks) {
  return std::max<int64_t>(1, shares.cores_per_point / ranks);
}

int64_t LeastThreads(int64_t ranks, int64_t threads) {
  return ranks * std::max<int64_t>(1, threads);
}

}  // namespace reprise
