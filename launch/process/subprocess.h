// The one way in which a program of this host is started, read and ended:
// mpirun, its --version, and the shells that compare hosts.
#ifndef REPRISE_LAUNCH_PROCESS_SUBPROCESS_H_
#define REPRISE_LAUNCH_PROCESS_SUBPROCESS_H_

#include <signal.h>
#include <sys/types.h>

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "core/base/file.h"

namespace reprise {

// How a process has ended.
struct ProcessEnd {
  int status = 0;  // of waitpid
  int error = 0;   // errno of waitpid, where there is no status

  bool succeeded() const { return error == 0 && status == 0; }
  std::optional<int> exit_code() const;  // nullopt: it did not exit
  int signal() const;                    // that killed it; 0: none
  // "ended with code 1", "was killed by signal 9".
  std::string Describe() const;
};

// Movable, not thread-safe.
class Subprocess {
 public:
  // In place of a descriptor: a pipe of its own, whose other end is out() or
  // err().
  static constexpr int kPipe = -1;

  struct Options {
    // Descriptors of this process, which stay the caller's, or kPipe.
    int out = kPipe, err = kPipe;
    // Its blocked signals; nullopt: those of the calling thread.
    std::optional<sigset_t> mask;
    // That it may run on, by number; empty: those of the calling thread.
    std::vector<int> cores;
    // Variables that it has beside, or in place of, this process's.
    std::map<std::string, std::string> environment;
    // Between SIGTERM and SIGKILL where this object goes before the process:
    // mpirun has daemons on other hosts to end.
    absl::Duration patience = absl::Seconds(5);
  };

  // Runs `arguments`, of which the first is the program's path, with stdin from
  // /dev/null. The process has a group of its own, since the terminal's keys
  // are for this process, and gets SIGTERM, which it does not ignore from the
  // start, when the calling thread ends. Whatever standard descriptors this
  // process has closed, it has all three.
  // DistributedError when there is no process to be had, `out` or `err` is not
  // open, or the program cannot be run.
  static absl::StatusOr<Subprocess> Start(std::vector<std::string> arguments,
                                          const Options& options);

  Subprocess(Subprocess&& other) noexcept;
  Subprocess& operator=(Subprocess&&) = delete;
  // Ends the process, if it has not ended, and waits for it.
  ~Subprocess();

  // Also of a process that has ended.
  pid_t pid() const { return pid_; }

  // What it writes, -1 where there is no pipe or its end was read: poll()
  // ignores it then.
  int out() const { return out_.get(); }
  int err() const { return err_.get(); }
  bool has_open_pipe() const { return out() >= 0 || err() >= 0; }

  // Appends what a pipe that poll() calls ready has: bytes or its end.
  void ReadOut(std::string* text) { ReadSome(&out_, text); }
  void ReadErr(std::string* text) { ReadSome(&err_, text); }

  // nullopt while it runs.
  std::optional<ProcessEnd> Poll();
  // Blocks. A process whose pipes nobody reads may never end.
  ProcessEnd Wait();
  // nullopt if it has not ended by then.
  std::optional<ProcessEnd> WaitUntil(absl::Time time);

  // To the process, or its group, unless it is known to have ended.
  void Signal(int signal) const;
  void SignalGroup(int signal) const;

 private:
  Subprocess() = default;
  static void ReadSome(FileDescriptor* from, std::string* to);

  pid_t pid_ = 0;  // 0: moved from
  std::optional<ProcessEnd> end_;
  absl::Duration patience_;
  FileDescriptor out_, err_;
};

struct FinishedProcess {
  ProcessEnd end;
  std::string out, err;
};

// Runs `arguments` to their end and returns all that they wrote. Errors of
// Subprocess::Start; DistributedError, and the process has been ended, if it
// has not ended and closed its output within `limit`.
absl::StatusOr<FinishedProcess> RunToEnd(
    std::vector<std::string> arguments,
    absl::Duration limit = absl::InfiniteDuration());

}  // namespace reprise

#endif  // REPRISE_LAUNCH_PROCESS_SUBPROCESS_H_
