#include "launch/mpirun/mpirun_launcher.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/signalfd.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <map>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/string_view.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "core/base/file.h"
#include "core/base/host_name.h"
#include "core/base/program_info.h"
#include "core/base/status.h"
#include "launch/mpirun/host_check.h"
#include "launch/mpirun/host_list.h"
#include "launch/mpirun/mpirun_command.h"
#include "launch/mpirun/mpirun_report.h"
#include "launch/mpirun/network.h"
#include "launch/process/child_process.h"
#include "launch/process/interrupt.h"
#include "launch/process/launcher_message.h"
#include "launch/process/rank_process.h"

extern char** environ;

namespace reprise {
namespace {

using Failure = MpirunReport::Failure;

// mpirun ends a job within about a second after a rank has failed.
constexpr absl::Duration kMpirunReacts = absl::Milliseconds(1500);
// It does not notice a rank that exits with 0 before MPI_Init, for which the
// others wait for ever. Longer than the way of a last message through mpirun.
constexpr absl::Duration kRankIsMissed = absl::Seconds(2);
constexpr absl::Duration kAfterSigterm = absl::Milliseconds(500);
constexpr absl::Duration kAfterInterrupt = absl::Seconds(10);

void ShowOnStderr(absl::string_view text) {
  while (!text.empty()) {
    const ssize_t count = write(STDERR_FILENO, text.data(), text.size());
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return;  // Nobody reads it.
    text.remove_prefix(count);
  }
}

bool IsDocumented(int exit_code) {
  for (const ExitCode code :
       {ExitCode::kOk, ExitCode::kInternal, ExitCode::kUsage, ExitCode::kData,
        ExitCode::kDistributed, ExitCode::kStorage, ExitCode::kInterrupted}) {
    if (exit_code == static_cast<int>(code)) return true;
  }
  return false;
}

// Settings of Open MPI that a site has made in the environment, "NAME=VALUE".
std::vector<std::string> SiteSettings() {
  std::vector<std::string> settings;
  for (char** variable = environ; *variable != nullptr; ++variable) {
    for (const char* prefix : {"OMPI_MCA_", "PRTE_MCA_", "PMIX_MCA_"}) {
      if (absl::StartsWith(*variable, prefix)) settings.emplace_back(*variable);
    }
  }
  std::sort(settings.begin(), settings.end());
  return settings;
}

// Folders of a job's own for what Open MPI keeps on this host, removed at its
// end: sockets in TMPDIR, shared memory. It names both after the process number
// of mpirun, which repeats in containers that share /tmp or /dev/shm: jobs of
// two crashed each other, and what a killed job had left stopped a later one.
class JobFolders {
 public:
  // `shared_memory`: ranks on other hosts would look for it there, too.
  explicit JobFolders(bool shared_memory) {
    const char* base = std::getenv("TMPDIR");
    const std::string temporary = Make(base == nullptr ? "/tmp" : base);
    if (!temporary.empty()) setenv("TMPDIR", temporary.c_str(), 1);
    if (!shared_memory) return;
    const std::string memory = Make("/dev/shm");
    if (memory.empty()) return;
    setenv("OMPI_MCA_btl_sm_backing_directory", memory.c_str(), 0);
    setenv("OMPI_MCA_btl_vader_backing_directory", memory.c_str(), 0);
  }
  JobFolders(const JobFolders&) = delete;
  ~JobFolders() {
    std::error_code ignored;
    for (const std::string& path : paths_) {
      std::filesystem::remove_all(path, ignored);
    }
  }

 private:
  // Empty: there the files lie where Open MPI puts them.
  std::string Make(absl::string_view base) {
    std::string path = absl::StrCat(base, "/reprise.XXXXXX");
    if (mkdtemp(path.data()) == nullptr) return "";
    paths_.push_back(path);
    return path;
  }

  std::vector<std::string> paths_;
};

class Job {
 public:
  Job(int64_t ranks, bool on_this_host, std::vector<std::string> site_settings)
      : ranks_(ranks), site_settings_(std::move(site_settings)) {
    folders_.emplace(/*shared_memory=*/on_this_host);
    sigemptyset(&interrupts_);
    sigset_t handled;
    sigemptyset(&handled);
    for (const int signal :
         {SIGINT, SIGTERM, SIGHUP, SIGUSR1, SIGUSR2, SIGCHLD}) {
      // What nohup or a shell has made this process ignore stays ignored: a
      // blocked signal would be read all the same.
      struct sigaction action;
      if (sigaction(signal, nullptr, &action) == 0 &&
          action.sa_handler == SIG_IGN && signal != SIGCHLD) {
        continue;
      }
      sigaddset(&handled, signal);
      if (signal == SIGINT || signal == SIGTERM || signal == SIGHUP) {
        sigaddset(&interrupts_, signal);
      }
    }
    sigprocmask(SIG_BLOCK, &handled, &mask_before_);
    signals_ = FileDescriptor(signalfd(-1, &handled, SFD_CLOEXEC));
  }

  // See host_check.h. Does not return if interrupted.
  absl::Status Compare(std::vector<std::string> mpirun_arguments, size_t hosts,
                       std::vector<std::string> files) {
    HostCheck check;
    check.mpirun_arguments = std::move(mpirun_arguments);
    check.hosts = hosts;
    check.files = std::move(files);
    check.mask = mask_before_;
    const FileDescriptor interrupt(signalfd(-1, &interrupts_, SFD_CLOEXEC));
    if (interrupt.get() < 0) return DistributedErrorFromErrno("signalfd");
    check.interrupt = interrupt.get();
    const absl::Status status = CheckHosts(check);
    signalfd_siginfo info;
    if (absl::IsCancelled(status) &&
        read(interrupt.get(), &info, sizeof(info)) == sizeof(info)) {
      interrupted_by_ = static_cast<int>(info.ssi_signo);
      EndBySignal();
    }
    return status;
  }

  absl::StatusOr<int> Run(std::vector<std::string> arguments) {
    REPRISE_RETURN_IF_ERROR(Start(std::move(arguments)));
    while (!ended_) {
      REPRISE_RETURN_IF_ERROR(WaitForEvent());
      WatchRanks();
      if (report_.failure().has_value()) SetDeadline(kMpirunReacts);
      if (absl::Now() >= deadline_) EndJob();
    }
    // What is still in the pipe; a process that mpirun left may hold it open.
    const absl::Time drained = absl::Now() + absl::Milliseconds(300);
    while (stderr_.get() >= 0 && absl::Now() < drained) {
      pollfd output = {stderr_.get(), POLLIN, 0};
      if (poll(&output, 1, 50) > 0) ReadStderr();
    }
    ShowOnStderr(report_.Finish());
    KillRanks();
    return Conclude();
  }

 private:
  struct Watched {
    FileDescriptor process;  // empty once the rank is gone
    absl::Time gone = absl::InfiniteFuture();
  };

  absl::Status Start(std::vector<std::string> arguments) {
    if (signals_.get() < 0) return DistributedErrorFromErrno("signalfd");
    int ends[2];
    if (pipe2(ends, O_CLOEXEC) != 0) return DistributedErrorFromErrno("pipe2");
    stderr_ = FileDescriptor(ends[0]);
    const FileDescriptor write_end(ends[1]);
    REPRISE_ASSIGN_OR_RETURN(mpirun_,
                             StartChild(std::move(arguments), STDOUT_FILENO,
                                        write_end.get(), mask_before_));
    return absl::OkStatus();
  }

  absl::Status WaitForEvent() {
    std::vector<pollfd> events = {{signals_.get(), POLLIN, 0},
                                  {stderr_.get(), POLLIN, 0}};
    absl::Time wake = deadline_;
    for (const auto& [rank, watched] : watched_) {
      if (watched.process.get() >= 0) {
        events.push_back({watched.process.get(), POLLIN, 0});
      } else if (Reported(rank).completed == std::nullopt) {
        wake = std::min(wake, watched.gone + kRankIsMissed);
      }
    }
    const absl::Duration wait =
        std::min(wake - absl::Now(), absl::Duration(absl::Minutes(1)));
    const int64_t milliseconds =
        std::max<int64_t>(0, absl::ToInt64Milliseconds(wait) + 1);
    if (poll(events.data(), events.size(), static_cast<int>(milliseconds)) <
            0 &&
        errno != EINTR) {
      return DistributedErrorFromErrno("poll");
    }
    if (events[1].revents != 0) ReadStderr();
    if (events[0].revents != 0) ReadSignal();
    return absl::OkStatus();
  }

  void ReadStderr() {
    char bytes[1 << 16];
    const ssize_t count = read(stderr_.get(), bytes, sizeof(bytes));
    if (count > 0) {
      ShowOnStderr(report_.Consume(absl::string_view(bytes, count)));
    } else if (count == 0 || errno != EINTR) {
      stderr_ = FileDescriptor();  // poll() ignores it from now on
    }
  }

  void ReadSignal() {
    signalfd_siginfo info;
    if (read(signals_.get(), &info, sizeof(info)) != sizeof(info)) return;
    const int signal = static_cast<int>(info.ssi_signo);
    switch (signal) {
      case SIGCHLD: {
        int status = 0;
        if (waitpid(mpirun_, &status, WNOHANG) == mpirun_) {
          ended_ = true;
          mpirun_status_ = status;
        }
        break;
      }
      case SIGUSR1:
      case SIGUSR2:
        kill(mpirun_, signal);
        break;
      default:
        if (interrupted_by_ != 0) {
          EndNow();  // asked twice
        } else {
          interrupted_by_ = signal;
          Interrupt();
        }
    }
  }

  // An mpirun that ends itself forwards nothing more, so rank 0 goes first: its
  // witness tells where it was, and mpirun then ends the others. One that has
  // not after kMpirunReacts is told to, as is one whose rank 0 is not here, and
  // has kAfterInterrupt for ranks on other hosts.
  void Interrupt() {
    const auto first = watched_.find(0);
    if (first != watched_.end() && first->second.process.get() >= 0 &&
        syscall(SYS_pidfd_send_signal, first->second.process.get(), SIGTERM,
                nullptr, 0) == 0) {
      SetDeadline(kMpirunReacts);
      return;
    }
    SetDeadline(absl::ZeroDuration());
  }

  MpirunReport::Rank Reported(int rank) const {
    const auto found = report_.ranks().find(rank);
    return found == report_.ranks().end() ? MpirunReport::Rank()
                                          : found->second;
  }

  // Ranks on this host are watched, each by a descriptor of its process.
  void WatchRanks() {
    for (const auto& [rank, reported] : report_.ranks()) {
      if (reported.host != host_ || watched_.count(rank) != 0) continue;
      Watched& watched = watched_[rank];
      watched.process = FileDescriptor(static_cast<int>(
          syscall(SYS_pidfd_open, static_cast<pid_t>(reported.pid), 0)));
      if (watched.process.get() < 0 && errno == ESRCH) {
        watched.gone = absl::Now();
      }
    }
    for (auto& [rank, watched] : watched_) {
      pollfd event = {watched.process.get(), POLLIN, 0};
      if (event.fd >= 0 && poll(&event, 1, 0) > 0) {
        watched.process = FileDescriptor();
        watched.gone = absl::Now();
      }
      if (absl::Now() >= watched.gone + kRankIsMissed &&
          !missed_rank_.has_value() && !report_.failure().has_value() &&
          !Reported(rank).completed.has_value()) {
        missed_rank_ = rank;
        SetDeadline(absl::ZeroDuration());
      }
    }
  }

  void SetDeadline(absl::Duration from_now) {
    if (sent_sigterm_) return;
    deadline_ = std::min(deadline_, absl::Now() + from_now);
  }

  void EndJob() {
    if (sent_sigterm_) {
      EndNow();
      return;
    }
    sent_sigterm_ = true;
    kill(mpirun_, SIGTERM);
    deadline_ =
        absl::Now() + (interrupted_by_ != 0 ? kAfterInterrupt : kAfterSigterm);
  }

  void EndNow() {
    deadline_ = absl::InfiniteFuture();
    KillRanks();
    kill(-mpirun_, SIGKILL);
  }

  void KillRanks() {
    for (const auto& [rank, watched] : watched_) {
      if (watched.process.get() < 0) continue;
      // Fails only if the rank is gone already.
      syscall(SYS_pidfd_send_signal, watched.process.get(), SIGKILL, nullptr,
              0);
    }
  }

  bool AllCompletedWith(std::optional<int> code) const {
    if (static_cast<int64_t>(report_.ranks().size()) != ranks_) return false;
    for (const auto& [rank, reported] : report_.ranks()) {
      if (!reported.completed.has_value()) return false;
      if (code.has_value() && reported.completed != code) return false;
    }
    return true;
  }

  // The first failure, if any, and otherwise the first rank that is missing.
  std::optional<Failure> FindFailure() const {
    if (report_.failure().has_value()) return report_.failure();
    if (AllCompletedWith(0)) return std::nullopt;
    Failure failure;
    if (missed_rank_.has_value()) {
      failure.rank = *missed_rank_;
      return failure;
    }
    for (const auto& [rank, reported] : report_.ranks()) {
      failure.rank = rank;
      if (!reported.completed.has_value()) return failure;
      if (*reported.completed != 0) {
        failure.kind = Failure::Kind::kExit;
        failure.code = *reported.completed;
        return failure;
      }
    }
    return std::nullopt;
  }

  // As the shell expects of an interrupted program.
  void EndBySignal() {
    const MpirunReport::Rank first = Reported(0);
    ShowOnStderr(InterruptLine(interrupted_by_, first.position, first.results));
    folders_.reset();
    signal(interrupted_by_, SIG_DFL);
    sigprocmask(SIG_SETMASK, &mask_before_, nullptr);
    raise(interrupted_by_);
  }

  // Before rank 0 tells where the results are, Open MPI starts.
  std::string SiteHint() const {
    if (site_settings_.empty() || !Reported(0).results.empty()) return "";
    return absl::StrCat("; no run had begun, and the environment sets ",
                        absl::StrJoin(site_settings_, ", "),
                        ", which may not fit this host");
  }

  int Conclude() {
    const bool exited = WIFEXITED(mpirun_status_);
    const int mpirun_code = exited ? WEXITSTATUS(mpirun_status_) : -1;
    if (interrupted_by_ != 0 && !AllCompletedWith(std::nullopt)) EndBySignal();
    const int distributed = static_cast<int>(ExitCode::kDistributed);
    const std::optional<Failure> failure = FindFailure();
    if (!failure.has_value() && mpirun_code == 0 && AllCompletedWith(0)) {
      return 0;
    }
    std::string line;
    int code = distributed;
    if (!exited && !missed_rank_.has_value() &&
        !report_.failure().has_value()) {
      line = absl::StrCat("mpirun (pid ", mpirun_, ") was killed by signal ",
                          WTERMSIG(mpirun_status_), " (",
                          strsignal(WTERMSIG(mpirun_status_)), ")");
    } else if (failure.has_value()) {
      const std::optional<int> completed = Reported(failure->rank).completed;
      const bool has_code = failure->kind == Failure::Kind::kExit ||
                            failure->kind == Failure::Kind::kAbort;
      if (has_code && failure->code != 0 && IsDocumented(failure->code)) {
        code = failure->code;
      }
      if (failure->kind != Failure::Kind::kExit || completed != failure->code) {
        line = Describe(*failure, report_.ranks());
      }
    } else {
      line = absl::StrCat("mpirun ended with code ", mpirun_code, " and ",
                          report_.ranks().size(), " of ", ranks_,
                          " ranks had started");
    }
    if (!line.empty()) {
      ShowOnStderr(
          absl::StrCat("reprise: ", line, SiteHint(), "; the job has ended\n"));
    }
    return code;
  }

  const int64_t ranks_;
  const std::vector<std::string> site_settings_;
  std::optional<JobFolders> folders_;
  const std::string host_ = HostName();
  sigset_t mask_before_, interrupts_;
  FileDescriptor signals_, stderr_;
  pid_t mpirun_ = -1;
  MpirunReport report_;
  std::map<int, Watched> watched_;
  std::optional<int> missed_rank_;
  absl::Time deadline_ = absl::InfiniteFuture();
  bool sent_sigterm_ = false;
  int interrupted_by_ = 0;
  bool ended_ = false;
  int mpirun_status_ = 0;
};

}  // namespace

absl::StatusOr<int> LaunchRanks(const Launch& launch) {
  // Where a parent has left it ignored no child could be waited for.
  signal(SIGCHLD, SIG_DFL);
  std::vector<std::string> site_settings = SiteSettings();
  RankCommand command;
  command.program = ProgramPath();
  if (command.program.empty()) {
    return DistributedErrorFromErrno("/proc/self/exe");
  }
  REPRISE_ASSIGN_OR_RETURN(const Mpirun mpirun, FindMpirun(command.program));
  for (const auto& [name, value] : MpirunEnvironment(mpirun)) {
    setenv(name.c_str(), value.c_str(), /*overwrite=*/1);
  }
  REPRISE_ASSIGN_OR_RETURN(const MpirunVersion version,
                           AskMpirunVersion(mpirun));
  REPRISE_ASSIGN_OR_RETURN(
      NetworkSettings network,
      SettingsOfNetwork(launch.network, version, FindHostNetwork()));
  command.options = std::move(network.mpirun_options);
  for (const auto& [name, value] : network.variables) {
    setenv(name.c_str(), value.c_str(), /*overwrite=*/1);
  }
  setenv(kLauncherVariable,
         isatty(STDOUT_FILENO) == 1 ? kOnTerminal : kNotOnTerminal,
         /*overwrite=*/1);
  winsize size;
  if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0) {
    setenv("COLUMNS", absl::StrCat(size.ws_col).c_str(), /*overwrite=*/0);
  }
  command.ranks = launch.ranks;
  command.hosts = launch.hosts;
  command.arguments = launch.arguments;
  command.variables = ForwardedVariables(environ);
  REPRISE_ASSIGN_OR_RETURN(std::vector<std::string> arguments,
                           MpirunArguments(mpirun, version, command));
  Job job(launch.ranks, launch.hosts.empty(), std::move(site_settings));
  if (!launch.hosts.empty()) {
    REPRISE_ASSIGN_OR_RETURN(const std::vector<Host> hosts,
                             ParseHostList(launch.hosts));
    if (NamesOtherHosts(hosts)) {
      RankCommand shells = command;
      shells.ranks = static_cast<int64_t>(hosts.size());
      shells.hosts =
          absl::StrJoin(hosts, ",", [](std::string* out, const Host& host) {
            absl::StrAppend(out, host.name, ":1");
          });
      shells.program = "/bin/sh";
      shells.arguments.clear();
      REPRISE_ASSIGN_OR_RETURN(std::vector<std::string> starts_shells,
                               MpirunArguments(mpirun, version, shells));
      REPRISE_RETURN_IF_ERROR(job.Compare(
          std::move(starts_shells), hosts.size(),
          FilesOfRanks(command.program, LoadedLibraries(), mpirun)));
    }
  }
  return job.Run(std::move(arguments));
}

absl::StatusOr<std::optional<int>> LaunchRanksIfAsked(const Launch& launch,
                                                      bool ranks_are_given) {
  REPRISE_ASSIGN_OR_RETURN(const std::optional<RankPlace> place,
                           FindRankPlace());
  if (place.has_value()) {
    if (ranks_are_given && launch.ranks != place->world_size) {
      return UsageError(
          absl::StrCat("--ranks or --hosts asks for ", launch.ranks,
                       " ranks, but this job was started from outside with ",
                       place->world_size, "; leave the flag out"));
    }
    return std::optional<int>();
  }
  if (launch.ranks == 1 && launch.hosts.empty()) return std::optional<int>();
  REPRISE_ASSIGN_OR_RETURN(const int exit_code, LaunchRanks(launch));
  return std::optional<int>(exit_code);
}

}  // namespace reprise
