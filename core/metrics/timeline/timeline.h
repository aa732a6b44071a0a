// What a rank did when: the phases of its training thread and its collectives,
// kept in memory and written as one Chrome trace of all ranks
// (chrome://tracing, https://ui.perfetto.dev). Format: "Trace Event Format",
// complete events.
#ifndef REPRISE_CORE_METRICS_TIMELINE_TIMELINE_H_
#define REPRISE_CORE_METRICS_TIMELINE_TIMELINE_H_

#include <cstdint>
#include <mutex>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/time/time.h"

namespace reprise {

// Thread-safe.
class Timeline {
 public:
  // Events beyond `most` are counted, not kept.
  explicit Timeline(int64_t most = 200'000) : most_(most) {}

  // A row of the rank, like "compute" or "gradients".
  void Add(const std::string& row, const std::string& name, absl::Time begin,
           absl::Time end);

  // All of it as one string, for WriteChromeTrace on another rank.
  std::string Packed() const;
  int64_t dropped() const;

 private:
  struct Event {
    std::string row, name;
    int64_t begin_ns, end_ns;  // since the epoch, on this rank's clock
  };
  const int64_t most_;
  mutable std::mutex mutex_;
  std::vector<Event> events_;
  int64_t dropped_ = 0;
};

// packed[r]: rank r's. ahead[r]: how far its clock is ahead of rank 0's, which
// the trace uses. Events of a row that overlap lie in lanes of their own. Times
// in the file are microseconds since the first event. StorageError where the
// file cannot be written.
absl::Status WriteChromeTrace(const std::string& file,
                              const std::vector<std::string>& packed,
                              const std::vector<absl::Duration>& ahead);

}  // namespace reprise

#endif  // REPRISE_CORE_METRICS_TIMELINE_TIMELINE_H_
