#include "launch/process/threads/openmp_wait.h"

#include <limits.h>
#include <stdlib.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "core/base/environment.h"

namespace reprise {
namespace {

constexpr const char* kVariables[] = {"OMP_WAIT_POLICY", "GOMP_SPINCOUNT"};
constexpr char kTurns[] = "30000";

// `program`: the file that this process runs.
absl::Status CheckIsOurs(const std::string& program) {
  const std::string name = program.substr(program.rfind('/') + 1);
  if (absl::StartsWith(name, "ld-") || absl::StartsWith(name, "ld.")) {
    return absl::FailedPreconditionError(
        absl::StrCat("it was started by the loader ", program));
  }
  // A link may have another name.
  char invoked[PATH_MAX];
  if (name != program_invocation_short_name &&
      (realpath(program_invocation_name, invoked) == nullptr ||
       program != invoked)) {
    return absl::FailedPreconditionError(absl::StrCat(
        "it runs in ", program, ", which is not ", program_invocation_name));
  }
  // It preloads a library of that name.
  if (absl::StrContains(GetEnv("LD_PRELOAD"), "vgpreload")) {
    return absl::FailedPreconditionError("it runs under valgrind");
  }
  return absl::OkStatus();
}

// What can go wrong before the second start, or with it.
absl::Status Restart(char** argv) {
  char program[PATH_MAX];
  if (realpath("/proc/self/exe", program) == nullptr) {
    return absl::InternalError(
        absl::StrCat("/proc/self/exe: ", strerror(errno)));
  }
  // By its path: by that of the link, the process would be named "exe".
  absl::Status status = CheckIsOurs(program);
  if (!status.ok()) return status;
  execv(program, argv);
  return absl::InternalError(absl::StrCat(program, ": ", strerror(errno)));
}

}  // namespace

bool LimitSpinning() {
  if (!OpenMpWait().empty()) return false;
  return setenv("GOMP_SPINCOUNT", kTurns, /*replace=*/1) == 0;
}

absl::Status StartAgain(char** argv) {
  const absl::Status status = Restart(argv);
  // Threads spin as by default, and what is recorded says so.
  unsetenv("GOMP_SPINCOUNT");
  return absl::Status(
      status.code(),
      absl::StrCat(
          "this program was not started again, so its threads spin for "
          "long while they wait: ",
          status.message(), "; set GOMP_SPINCOUNT=", kTurns));
}

std::string OpenMpWait() {
  std::vector<std::string> set;
  for (const char* name : kVariables) {
    const std::string value = GetEnv(name);
    if (!value.empty()) set.push_back(absl::StrCat(name, "=", value));
  }
  return absl::StrJoin(set, " ");
}

}  // namespace reprise
