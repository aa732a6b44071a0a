// A process as one rank of a job started by mpirun or srun: who it is, when it
// must end, and what it tells the launcher
// (launch/mpirun/mpirun_launcher.h).
#ifndef REPRISE_LAUNCH_PROCESS_RANK_PROCESS_H_
#define REPRISE_LAUNCH_PROCESS_RANK_PROCESS_H_

#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"

namespace reprise {

// The arguments of main without the program's name; in a rank those that its
// launcher was given.
std::vector<std::string> ProgramArguments(int argc, char** argv);

// From the environment, before MPI is touched.
struct RankPlace {
  int rank = 0;
  int world_size = 1;
  // Among the ranks of its host; size 0: not known before MPI is asked.
  int local_rank = 0;
  int local_size = 0;
};

// nullopt: this process was started by itself. UsageError: it is one of several
// tasks of a Slurm step that lacks PMIx, so that each would run alone.
absl::StatusOr<std::optional<RankPlace>> FindRankPlace();

// Whether this process prints errors that every rank detects on its own: rank
// 0, or the only process. `place`: what FindRankPlace says.
bool IsSpokesman(const absl::StatusOr<std::optional<RankPlace>>& place);

// Whether this rank has a launcher that it tells things.
bool HasLauncher();

// Messages to the launcher go to `fd`, a copy of the descriptor that stderr was
// before it was redirected.
void SetLauncherFd(int fd);

// First thing in a rank, before any thread is started; aborts if there is no
// process or memory left for it. From now on
// - the process ends within a second after its parent, the launching daemon, is
//   gone (mpirun killed: ranks would stay for ever);
// - where there is a launcher, a witness, a child process that does nothing but
//   wait, tells it the run's position (core/base/run_position.h) once this
//   process is gone, however it ended, and every kWitnessInterval before, for
//   the case that the whole host is lost.
// Tells the launcher host and process id.
inline constexpr absl::Duration kWitnessInterval = absl::Seconds(2);
void StartRank(const RankPlace& place);

// Where the results of the run are.
void ReportResults(const RankPlace& place, absl::string_view folder);

// Last thing in a rank, just before it returns `exit_code` from main. A rank
// that ends without it has failed, whatever its exit code.
void ReportCompletion(const RankPlace& place, int exit_code);

// Whether the output of this process ends at a terminal, as far as the launcher
// knows; what this process sees as its stdout decides otherwise. False for
// ranks of an mpirun or srun of the user's: mpirun gives ranks a
// pseudo-terminal wherever their output goes.
bool MayUseTerminal();

}  // namespace reprise

#endif  // REPRISE_LAUNCH_PROCESS_RANK_PROCESS_H_
