// Where the ranks of a run are, for the user's first lines.
#ifndef REPRISE_LAUNCH_RUN_RANKS_RANK_SUMMARY_H_
#define REPRISE_LAUNCH_RUN_RANKS_RANK_SUMMARY_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace reprise {

struct RankSummary {
  std::string host, device;
  int64_t threads = 1;
  std::string cores;   // that it may run on, "0-3,8"
  bool bound = false;  // they are its own
  double quota = 0;    // cores' time that it may take; 0: no limit
};

// One string of it for the other ranks, and back. InternalError for a string
// that PackRank did not make.
std::string PackRank(const RankSummary& rank);
absl::StatusOr<RankSummary> UnpackRank(absl::string_view packed);

// "cores: 2 of 16 (the container's quota is 2.5)", of ranks on one host: cores
// that the quota allows, of those that the ranks may run on. Empty where it
// allows all of them or they are not known.
std::string DescribeQuota(const std::vector<RankSummary>& ranks);

// A line a host, in the order of ranks: "host node-1: ranks 0-11, 12 x cuda
// (Tesla P100), 2 threads each, bound to their own of cores 0-23".
std::vector<std::string> DescribeHosts(const std::vector<RankSummary>& ranks);

}  // namespace reprise

#endif  // REPRISE_LAUNCH_RUN_RANKS_RANK_SUMMARY_H_
