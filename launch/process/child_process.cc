#include "launch/process/child_process.h"

#include <fcntl.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "absl/strings/str_cat.h"
#include "core/base/file.h"
#include "core/base/status.h"

namespace reprise {

absl::StatusOr<pid_t> StartChild(std::vector<std::string> arguments, int out,
                                 int err, const sigset_t& mask) {
  const FileDescriptor nothing(open("/dev/null", O_RDONLY | O_CLOEXEC));
  if (nothing.get() < 0) {
    return DistributedErrorFromErrno("open /dev/null");
  }
  // Where this process was started with a standard descriptor closed, any of
  // these may have its number: dup2 would overwrite one that is still needed,
  // or leave one at its place that exec closes.
  FileDescriptor sources[3];
  for (int target = 0; target < 3; ++target) {
    const int source = target == 0 ? nothing.get() : target == 1 ? out : err;
    sources[target] = FileDescriptor(fcntl(source, F_DUPFD_CLOEXEC, 3));
    if (sources[target].get() < 0) {
      return DistributedErrorFromErrno(
          absl::StrCat("descriptor ", target, " of a child"));
    }
  }
  std::vector<char*> pointers;
  for (std::string& argument : arguments) pointers.push_back(argument.data());
  pointers.push_back(nullptr);
  const pid_t parent = getpid();
  const pid_t child = fork();
  if (child < 0) {
    return DistributedErrorFromErrno("fork");
  }
  if (child == 0) {
    // Only calls that are safe after fork.
    setpgid(0, 0);
    prctl(PR_SET_PDEATHSIG, SIGTERM);
    if (getppid() != parent) _exit(1);
    sigprocmask(SIG_SETMASK, &mask, nullptr);
    for (int target = 0; target < 3; ++target) {
      dup2(sources[target].get(), target);
    }
    execv(pointers[0], pointers.data());
    _exit(127);
  }
  return child;
}

}  // namespace reprise
