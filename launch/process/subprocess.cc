#include "launch/process/subprocess.h"

#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdint>
#include <cstring>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "core/base/status.h"

namespace reprise {
namespace {

// A copy of `fd` that is none of the standard descriptors.
absl::StatusOr<FileDescriptor> AboveStandard(int fd, absl::string_view what) {
  FileDescriptor copy(fcntl(fd, F_DUPFD_CLOEXEC, 3));
  if (copy.get() < 0) return DistributedErrorFromErrno(what);
  return copy;
}

struct Pipe {
  FileDescriptor read_end, write_end;
};

absl::StatusOr<Pipe> MakePipe() {
  int ends[2];
  if (pipe2(ends, O_CLOEXEC) != 0) return DistributedErrorFromErrno("pipe2");
  return Pipe{FileDescriptor(ends[0]), FileDescriptor(ends[1])};
}

// Where this process was started with a standard descriptor closed, any source
// may have its number: dup2 would overwrite one that is still needed, or leave
// one at its place that exec closes. So all of them are copied first.
struct Sources {
  FileDescriptor standard[3];
  FileDescriptor exec_error;
};

absl::StatusOr<Sources> CopySources(int out, int err, int exec_error) {
  const FileDescriptor nothing(open("/dev/null", O_RDONLY | O_CLOEXEC));
  if (nothing.get() < 0) return DistributedErrorFromErrno("open /dev/null");
  Sources sources;
  const int descriptors[3] = {nothing.get(), out, err};
  for (int target = 0; target < 3; ++target) {
    REPRISE_ASSIGN_OR_RETURN(
        sources.standard[target],
        AboveStandard(descriptors[target],
                      absl::StrCat("descriptor ", target, " of a child")));
  }
  REPRISE_ASSIGN_OR_RETURN(sources.exec_error,
                           AboveStandard(exec_error, "a pipe of a child"));
  return sources;
}

// This process's variables with `changes` in place of those of these names.
std::vector<std::string> EnvironmentWith(
    const std::map<std::string, std::string>& changes) {
  std::vector<std::string> variables;
  for (char** variable = environ; *variable != nullptr; ++variable) {
    const std::string text = *variable;
    if (changes.count(text.substr(0, text.find('='))) == 0) {
      variables.push_back(text);
    }
  }
  for (const auto& [name, value] : changes) {
    variables.push_back(absl::StrCat(name, "=", value));
  }
  return variables;
}

std::vector<char*> PointersTo(std::vector<std::string>& texts) {
  std::vector<char*> pointers;
  for (std::string& text : texts) pointers.push_back(text.data());
  pointers.push_back(nullptr);
  return pointers;
}

// In the child: only calls that are safe after fork.
[[noreturn]] void Become(char* const* arguments, char* const* environment,
                         const Sources& sources, pid_t parent,
                         const sigset_t& mask, const cpu_set_t* cores) {
  setpgid(0, 0);
  // Where this process ignores it, the child would outlive it.
  signal(SIGTERM, SIG_DFL);
  prctl(PR_SET_PDEATHSIG, SIGTERM);
  if (getppid() != parent) _exit(1);
  // On cores that are gone by now it runs where this process does.
  if (cores != nullptr) sched_setaffinity(0, sizeof(*cores), cores);
  sigprocmask(SIG_SETMASK, &mask, nullptr);
  for (int target = 0; target < 3; ++target) {
    dup2(sources.standard[target].get(), target);
  }
  execve(arguments[0], arguments, environment);
  const int error = errno;
  if (write(sources.exec_error.get(), &error, sizeof(error)) < 0) _exit(126);
  _exit(127);
}

}  // namespace

std::optional<int> ProcessEnd::exit_code() const {
  if (error != 0 || !WIFEXITED(status)) return std::nullopt;
  return WEXITSTATUS(status);
}

int ProcessEnd::signal() const {
  return error == 0 && WIFSIGNALED(status) ? WTERMSIG(status) : 0;
}

std::string ProcessEnd::Describe() const {
  if (error != 0) {
    return absl::StrCat("ended in an unknown way (waitpid: ", strerror(error),
                        ")");
  }
  return WIFEXITED(status)
             ? absl::StrCat("ended with code ", WEXITSTATUS(status))
             : absl::StrCat("was killed by signal ", WTERMSIG(status));
}

absl::StatusOr<Subprocess> Subprocess::Start(std::vector<std::string> arguments,
                                             const Options& options) {
  Pipe out, err;
  if (options.out == kPipe) {
    REPRISE_ASSIGN_OR_RETURN(out, MakePipe());
  }
  if (options.err == kPipe) {
    REPRISE_ASSIGN_OR_RETURN(err, MakePipe());
  }
  REPRISE_ASSIGN_OR_RETURN(Pipe exec_error, MakePipe());
  REPRISE_ASSIGN_OR_RETURN(
      Sources sources,
      CopySources(options.out == kPipe ? out.write_end.get() : options.out,
                  options.err == kPipe ? err.write_end.get() : options.err,
                  exec_error.write_end.get()));
  sigset_t mask;
  sigprocmask(SIG_SETMASK, nullptr, &mask);
  if (options.mask.has_value()) mask = *options.mask;
  std::vector<std::string> variables = EnvironmentWith(options.environment);
  const std::vector<char*> argument_pointers = PointersTo(arguments);
  const std::vector<char*> variable_pointers = PointersTo(variables);
  cpu_set_t cores;
  CPU_ZERO(&cores);
  for (const int core : options.cores) CPU_SET(core, &cores);
  const pid_t parent = getpid();
  const pid_t child = fork();
  if (child < 0) return DistributedErrorFromErrno("fork");
  if (child == 0) {
    Become(argument_pointers.data(), variable_pointers.data(), sources, parent,
           mask, options.cores.empty() ? nullptr : &cores);
  }

  Subprocess process;
  process.pid_ = child;
  process.patience_ = options.patience;
  process.out_ = std::move(out.read_end);
  process.err_ = std::move(err.read_end);
  // Once only the child has its end, exec closes it.
  exec_error.write_end = FileDescriptor();
  sources.exec_error = FileDescriptor();
  int error = 0;
  ssize_t count = 0;
  do {
    count = read(exec_error.read_end.get(), &error, sizeof(error));
  } while (count < 0 && errno == EINTR);
  if (count != sizeof(error)) return process;
  process.Wait();
  return DistributedError(
      absl::StrCat("cannot start ", arguments[0], ": ", strerror(error)));
}

Subprocess::Subprocess(Subprocess&& other) noexcept
    : pid_(std::exchange(other.pid_, 0)),
      end_(other.end_),
      patience_(other.patience_),
      out_(std::move(other.out_)),
      err_(std::move(other.err_)) {}

Subprocess::~Subprocess() {
  if (pid_ == 0 || end_.has_value()) return;
  Signal(SIGTERM);
  const absl::Time end = absl::Now() + patience_;
  while (!Poll().has_value()) {
    if (absl::Now() > end) SignalGroup(SIGKILL);
    absl::SleepFor(absl::Milliseconds(10));
  }
}

void Subprocess::ReadSome(FileDescriptor* from, std::string* to) {
  char bytes[1 << 14];
  const ssize_t count = read(from->get(), bytes, sizeof(bytes));
  if (count > 0) {
    to->append(bytes, count);
  } else if (count == 0 || errno != EINTR) {
    *from = FileDescriptor();
  }
}

std::optional<ProcessEnd> Subprocess::Poll() {
  if (end_.has_value()) return end_;
  int status = 0;
  const pid_t ended = waitpid(pid_, &status, WNOHANG);
  if (ended == 0 || (ended < 0 && errno == EINTR)) return std::nullopt;
  end_ = ProcessEnd{status, ended < 0 ? errno : 0};
  return end_;
}

ProcessEnd Subprocess::Wait() {
  while (!end_.has_value()) {
    int status = 0;
    const pid_t ended = waitpid(pid_, &status, 0);
    if (ended < 0 && errno == EINTR) continue;
    end_ = ProcessEnd{status, ended < 0 ? errno : 0};
  }
  return *end_;
}

std::optional<ProcessEnd> Subprocess::WaitUntil(absl::Time time) {
  while (!Poll().has_value() && absl::Now() < time) {
    absl::SleepFor(absl::Milliseconds(2));
  }
  return end_;
}

void Subprocess::Signal(int signal) const {
  if (pid_ != 0 && !end_.has_value()) kill(pid_, signal);
}

void Subprocess::SignalGroup(int signal) const {
  if (pid_ != 0 && !end_.has_value()) kill(-pid_, signal);
}

namespace {

absl::Status TookTooLong(const std::string& path, absl::Duration limit) {
  return DistributedError(absl::StrCat(path, " has not ended within ",
                                       absl::FormatDuration(limit)));
}

}  // namespace

absl::StatusOr<FinishedProcess> RunToEnd(std::vector<std::string> arguments,
                                         absl::Duration limit) {
  const absl::Time end = absl::Now() + limit;
  const std::string path = arguments.at(0);
  REPRISE_ASSIGN_OR_RETURN(
      Subprocess process,
      Subprocess::Start(std::move(arguments), Subprocess::Options()));
  FinishedProcess finished;
  while (process.has_open_pipe()) {
    const absl::Duration left = end - absl::Now();
    if (left <= absl::ZeroDuration()) {
      return TookTooLong(path, limit);
    }
    pollfd events[2] = {{process.out(), POLLIN, 0}, {process.err(), POLLIN, 0}};
    const int64_t wait =
        std::min<int64_t>(absl::ToInt64Milliseconds(
                              std::min(left, absl::Duration(absl::Minutes(1)))),
                          60'000);
    if (poll(events, 2, static_cast<int>(wait) + 1) < 0 && errno != EINTR) {
      return DistributedErrorFromErrno("poll");
    }
    if (events[0].revents != 0) process.ReadOut(&finished.out);
    if (events[1].revents != 0) process.ReadErr(&finished.err);
  }
  // It may have closed its output and live on.
  const std::optional<ProcessEnd> ended = process.WaitUntil(end);
  if (!ended.has_value()) return TookTooLong(path, limit);
  finished.end = *ended;
  return finished;
}

}  // namespace reprise
