// Reads the stderr of mpirun, in which the output of all ranks, their messages
// to the launcher and mpirun's own reports come together.
#ifndef REPRISE_LAUNCH_MPIRUN_MPIRUN_REPORT_H_
#define REPRISE_LAUNCH_MPIRUN_MPIRUN_REPORT_H_

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

  // The rank whose end ended the job, as mpirun says.
  struct Failure {
    enum class Kind {
      kSignal,  // `code` is the signal
      kExit,    // `code` is the exit code
      kAbort,   // it called MPI_Abort with `code`
      kLeft,    // it exited without MPI_Finalize, perhaps with 0
    };
    Kind kind = Kind::kLeft;
    int rank = 0;
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
  const std::optional<Failure>& failure() const { return failure_; }

 private:
  void TakeMessagesOut(absl::string_view bytes, std::string* rest);
  bool ReadMessage(absl::string_view message);
  void TakeReportsOut(absl::string_view bytes, std::string* shown);
  bool ReadReport(absl::string_view report);

  std::string message_;  // begun
  std::string report_;   // begun: hyphens or a bracket, perhaps more
  std::map<int, Rank> ranks_;
  std::optional<Failure> failure_;
};

// "rank 2 (host h, pid 7) was killed by signal 9 (Killed), last seen in task
// 1".
std::string Describe(const MpirunReport::Failure& failure,
                     const std::map<int, MpirunReport::Rank>& ranks);

}  // namespace reprise

#endif  // REPRISE_LAUNCH_MPIRUN_MPIRUN_REPORT_H_
