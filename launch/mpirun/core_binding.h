// Which cores of its host a rank runs on: --bind.
//
// The rank binds itself, before it has a thread, so that all of its threads
// (computation, communication, what libraries start) stay on its cores. Not
// mpirun: where a user has given it fewer cores than the host has, 4.1 and 5.0
// count slots against cores differently and refuse what --oversubscribe allows,
// neither knows how many threads a rank computes with, and under srun there is
// no mpirun. What a batch system has given to the job is respected: cores are
// shared out from those that this process may use.
//
// Only in jobs of our own launcher, which has mpirun bind nothing: there all
// ranks of a host may use the same cores. In a job started from outside each
// may have been given its own, and no rank sees those of the others.
#ifndef REPRISE_LAUNCH_MPIRUN_CORE_BINDING_H_
#define REPRISE_LAUNCH_MPIRUN_CORE_BINDING_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "launch/mpirun/rank_process.h"

namespace reprise {

// Cores are the kernel's logical processors, by number.
struct RankCores {
  std::vector<int> cores;  // that the rank may run on, ascending
  bool bound = false;      // they are its own, of this job's ranks
  int64_t threads = 0;     // if bound: of computation, the same on every rank
};

// Hardware threads of a core beside each other, cores of a socket beside each
// other, so that slices share as little as possible. `sys`: "/sys", another
// folder in tests; what it does not tell keeps the order of numbers.
std::vector<int> InOrderOfSockets(std::vector<int> cores,
                                  const std::string& sys = "/sys");

// The slice of rank `place.local_rank`: `cores` over the ranks of the host,
// contiguous, as even as possible. bind: "none", all; "auto", the slice where
// each rank has a core for each of its `threads`, else all; "cores", the slice
// or a UsageError. All for a rank that is alone on its host. Without a launcher
// of ours "auto" is all, and "cores" a UsageError for a rank that is not known
// to be alone.
absl::StatusOr<RankCores> ShareOfRank(absl::string_view bind, int64_t threads,
                                      const RankPlace& place, bool has_launcher,
                                      std::vector<int> cores);

// Does that to this process. `threads`: the flag, see ThreadsOfRank. Before any
// thread is started.
absl::StatusOr<RankCores> BindRank(absl::string_view bind, int64_t threads,
                                   const RankPlace& place);

// "0-3,8".
std::string RangesOf(const std::vector<int>& cores);

}  // namespace reprise

#endif  // REPRISE_LAUNCH_MPIRUN_CORE_BINDING_H_
