#include "launch/process/threads/thread_count.h"

#include <algorithm>
#include <cstdlib>

#include "absl/strings/numbers.h"
#include "core/base/cores.h"

namespace reprise {
namespace {

// 0 where the environment names no number.
int64_t OpenMpThreads() {
  const char* text = std::getenv("OMP_NUM_THREADS");
  int64_t number = 0;
  if (text == nullptr || !absl::SimpleAtoi(text, &number)) return 0;
  return number;
}

}  // namespace

int64_t ThreadsOfRank(int64_t flag, int ranks_on_host, int cores_of_ranks) {
  if (flag > 0) return flag;
  const int64_t omp = OpenMpThreads();
  if (omp > 0) return omp;
  return std::max(
      1, std::min(cores_of_ranks / std::max(1, ranks_on_host), UsableCores()));
}

}  // namespace reprise
