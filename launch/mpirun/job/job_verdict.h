// What a job came to, once mpirun is gone: the exit code, and the line that
// says which rank ended it and how.
#ifndef REPRISE_LAUNCH_MPIRUN_JOB_JOB_VERDICT_H_
#define REPRISE_LAUNCH_MPIRUN_JOB_JOB_VERDICT_H_

#include <sys/types.h>

#include <cstdint>
#include <optional>
#include <string>

#include "launch/mpirun/job/mpirun_report.h"
#include "launch/process/subprocess.h"

namespace reprise {

struct JobEnd {
  int64_t ranks = 1;  // of the job
  pid_t mpirun = 0;
  ProcessEnd mpirun_end;
  // The first rank that the launcher missed (rank_watch.h).
  std::optional<int> missed_rank;
};

struct JobVerdict {
  // 0: every rank has reported completion with 0. The first failing rank's, if
  // it is one that the program documents; else that of a distributed failure.
  int exit_code = 0;
  // Empty: nothing to add to what the ranks have said.
  std::string line;
};

// Whether all ranks of the job have reported completion, with `code` if given.
bool AllCompleted(const MpirunReport& report, int64_t ranks,
                  std::optional<int> code = std::nullopt);

JobVerdict JudgeJob(const MpirunReport& report, const JobEnd& end);

}  // namespace reprise

#endif  // REPRISE_LAUNCH_MPIRUN_JOB_JOB_VERDICT_H_
