// The ranks of a job that run on this host, each watched by a descriptor of its
// process, so that the launcher knows of an end that mpirun does not notice.
#ifndef REPRISE_LAUNCH_MPIRUN_JOB_RANK_WATCH_H_
#define REPRISE_LAUNCH_MPIRUN_JOB_RANK_WATCH_H_

#include <poll.h>

#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/time/time.h"
#include "core/base/file.h"
#include "launch/mpirun/job/mpirun_report.h"

namespace reprise {

// By rank, as MpirunReport::ranks().
using ReportedRanks = std::map<int, MpirunReport::Rank>;

// mpirun does not notice a rank that exits with 0 before MPI_Init, for which
// the others wait for ever. A rank is missed so long after its end: longer than
// the way of its last message through mpirun.
inline constexpr absl::Duration kRankIsMissed = absl::Seconds(2);

// Not thread-safe. On a kernel without descriptors of processes (before 5.3) it
// watches nothing.
class RankWatch {
 public:
  // `host`: this host's name as ranks report it.
  explicit RankWatch(std::string host) : host_(std::move(host)) {}

  // Begins to watch ranks that have reported from this host, and notes which
  // are gone.
  void Update(const ReportedRanks& reported);

  // What becomes readable when a rank ends.
  void AddTo(std::vector<pollfd>* events) const;

  // The first rank that has been gone for kRankIsMissed and has not reported
  // completion.
  std::optional<int> FindMissed(const ReportedRanks& reported) const;
  // When FindMissed may next find one.
  absl::Time NextMissed(const ReportedRanks& reported) const;

  // False: the rank is not here, or gone.
  bool Signal(int rank, int signal) const;
  void KillAll() const;

 private:
  struct Watched {
    FileDescriptor process;  // empty once the rank is gone
    absl::Time gone = absl::InfiniteFuture();
  };

  const std::string host_;
  std::map<int, Watched> watched_;
};

}  // namespace reprise

#endif  // REPRISE_LAUNCH_MPIRUN_JOB_RANK_WATCH_H_
