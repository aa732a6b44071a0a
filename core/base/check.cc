#include "core/base/check.h"

#include <atomic>
#include <cstdio>
#include <cstdlib>

namespace reprise {
namespace {
std::atomic<int> process_rank{0};
}  // namespace

void SetProcessRank(int rank) { process_rank = rank; }
int ProcessRank() { return process_rank; }

namespace check_internal {

Failure::Failure(const char* file, int line, const char* condition) {
  stream_ << file << ":" << line << ": rank " << ProcessRank()
          << ": check failed: " << condition << " ";
}

Failure::~Failure() {
  std::fprintf(stderr, "%s\n", stream_.str().c_str());
  std::abort();
}

}  // namespace check_internal
}  // namespace reprise
