// What a rehearsal buffer holds.
#ifndef REPRISE_CORE_BUFFER_BUFFER_STATS_H_
#define REPRISE_CORE_BUFFER_BUFFER_STATS_H_

#include <cstdint>
#include <vector>

namespace reprise {

struct BufferStats {
  // By class.
  std::vector<int64_t> class_count;  // candidates ever offered
  std::vector<int64_t> stored;       // representatives held
  // Distinct sample ids among them; of a buffer over several ranks the sum of
  // the ranks' numbers.
  std::vector<int64_t> unique;
  // By rank.
  std::vector<int64_t> stored_by_rank, unique_by_rank;
  int64_t bytes = 0;          // of the stored rows
  int64_t bytes_sent = 0;     // by this rank to others so far
  double mean_age_steps = 0;  // of a representative since it came in
};

}  // namespace reprise

#endif  // REPRISE_CORE_BUFFER_BUFFER_STATS_H_
