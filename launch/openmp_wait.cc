#include "launch/openmp_wait.h"

#include <limits.h>
#include <stdlib.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"

namespace reprise {
namespace {

constexpr const char* kVariables[] = {"OMP_WAIT_POLICY", "GOMP_SPINCOUNT"};
constexpr char kTurns[] = "30000";

}  // namespace

bool LimitSpinning() {
  if (!OpenMpWait().empty()) return false;
  return setenv("GOMP_SPINCOUNT", kTurns, /*replace=*/1) == 0;
}

absl::Status StartAgain(char** argv) {
  // By its path: by that of the link, the process would be named "exe".
  char path[PATH_MAX];
  if (realpath("/proc/self/exe", path) != nullptr) execv(path, argv);
  return absl::InternalError(absl::StrCat(
      "could not start again, so that threads would not spin for long: ",
      strerror(errno), "; set GOMP_SPINCOUNT=", kTurns));
}

std::string OpenMpWait() {
  std::vector<std::string> set;
  for (const char* name : kVariables) {
    const char* value = getenv(name);
    if (value != nullptr && *value != '\0') {
      set.push_back(absl::StrCat(name, "=", value));
    }
  }
  return absl::StrJoin(set, " ");
}

}  // namespace reprise
