// Reads the stderr of mpirun, in which the output of all ranks, their messages
// to the launcher and mpirun's own reports come together.
#ifndef REPRISE_LAUNCH_MPIRUN_JOB_MPIRUN_REPORT_H_
#define REPRISE_LAUNCH_MPIRUN_JOB_MPIRUN_REPORT_H_

#include <cstdint>
#include <map>
#include <optional>
#include <string>

#include "absl/strings/string_view.h"

namespace reprise {

class MpirunReport {
 public:
  struct Rank {
    int64_t pid = 0;
    std::string host;
    std::string position;          // the last that it reported
    std::string results;           // folder
    std::optional<int> completed;  // with this exit code
  };

  // The rank whose end ended the job, as mpirun says. Where a rank on another
  // host is gone, those connected to it may end the job before mpirun's daemon
  // there has told: then it is the rank that they have lost.
  struct Failure {
    enum class Kind {
      kSignal,  // `code` is the signal
      kExit,    // `code` is the exit code
      kAbort,   // it called MPI_Abort with `code`
      kLeft,    // it exited without MPI_Finalize, perhaps with 0
      kLost,    // another host's ranks lost the connection to it
    };
    Kind kind = Kind::kLeft;
    int rank = 0;  // -1: one of `host`, not known which
    int code = 0;
    int64_t pid = 0;   // 0: not said
    std::string host;  // empty: not said
  };

  // Returns what the user should see of `bytes`: all but messages of ranks and
  // reports that are understood. Text without a newline is not held back unless
  // it may be the beginning of such a thing.
  std::string Consume(absl::string_view bytes);

  // What is still held back; call at the end.
  std::string Finish();

  const std::map<int, Rank>& ranks() const { return ranks_; }
  std::optional<Failure> failure() const;

 private:
  void TakeMessagesOut(absl::string_view bytes, std::string* rest);
  bool ReadMessage(absl::string_view message);
  void TakeReportsOut(absl::string_view bytes, std::string* shown);
  bool ReadReport(absl::string_view report);

  struct LostConnection {
    int64_t pid = 0;  // of the rank that says so
    std::string host, peer_host;
  };

  std::string message_;  // begun
  std::string report_;   // begun: hyphens or a bracket, perhaps more
  std::map<int, Rank> ranks_;
  std::optional<Failure> failure_;
  std::optional<LostConnection> lost_;
};

// "rank 2 (host h, pid 7) was killed by signal 9 (Killed), last seen in task
// 1".
std::string Describe(const MpirunReport::Failure& failure,
                     const std::map<int, MpirunReport::Rank>& ranks);

}  // namespace reprise

#endif  // REPRISE_LAUNCH_MPIRUN_JOB_MPIRUN_REPORT_H_
