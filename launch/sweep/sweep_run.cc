#include "launch/sweep/sweep_run.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdint>
#include <filesystem>
#include <system_error>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "core/base/environment.h"
#include "core/base/status.h"
#include "launch/sweep/points/point_folder.h"

namespace reprise {
namespace {

using State = PointProgress::State;

constexpr absl::Duration kRefreshInterval = absl::Seconds(1);
constexpr char kThreads[] = "OMP_NUM_THREADS";
constexpr char kVisibleGpus[] = "CUDA_VISIBLE_DEVICES";

// As a launcher has it for a rank: one that is not documented, and a signal,
// are a distributed failure.
ExitCode CodeOf(const ProcessEnd& end) {
  const int code = end.exit_code().value_or(-1);
  for (const ExitCode known :
       {ExitCode::kInternal, ExitCode::kUsage, ExitCode::kData,
        ExitCode::kStorage, ExitCode::kInterrupted}) {
    if (code == static_cast<int>(known)) return known;
  }
  return end.succeeded() ? ExitCode::kStorage : ExitCode::kDistributed;
}

}  // namespace

SweepRun::SweepRun(SweepRunOptions options, SweepProgress* progress,
                   SweepDisplay* display)
    : options_(std::move(options)), progress_(*progress), display_(*display) {
  // Where a parent has left it ignored no child could be waited for.
  signal(SIGCHLD, SIG_DFL);
  // A reader of the output that goes away costs its lines, not the sweep.
  signal(SIGPIPE, SIG_IGN);
  sigset_t handled;
  sigemptyset(&handled);
  sigaddset(&handled, SIGCHLD);
  for (const int signal : {SIGINT, SIGTERM, SIGHUP}) {
    // What nohup or a shell has made this process ignore stays ignored: a
    // blocked signal would be read all the same.
    struct sigaction action;
    if (sigaction(signal, nullptr, &action) == 0 &&
        action.sa_handler == SIG_IGN) {
      continue;
    }
    sigaddset(&handled, signal);
  }
  sigprocmask(SIG_BLOCK, &handled, &mask_before_);
  signals_ = FileDescriptor(signalfd(-1, &handled, SFD_CLOEXEC | SFD_NONBLOCK));
}

SweepRun::~SweepRun() {
  running_.clear();
  sigprocmask(SIG_SETMASK, &mask_before_, nullptr);
}

absl::StatusOr<SweepRun::End> SweepRun::Run() {
  if (signals_.get() < 0) return DistributedErrorFromErrno("signalfd");
  while (true) {
    REPRISE_RETURN_IF_ERROR(StartWaiting());
    if (running_.empty()) return HowEnded();
    WaitForEvent();
    ReadSignals();
    if (absl::Now() >= kill_) {
      for (const Running& one : running_) one.process.SignalGroup(SIGKILL);
    }
    TakeEnded();
    display_.Refresh(progress_);
  }
}

SweepRun::End SweepRun::HowEnded() const {
  return progress_.Count(State::kWaiting) == 0
             ? End::kAllEnded
             : ending_.value_or(End::kAllEnded);
}

absl::Status SweepRun::StartWaiting() {
  for (size_t i = 0; i < progress_.points.size(); ++i) {
    // Between two starts a signal may have come.
    ReadSignals();
    if (ending_.has_value() ||
        static_cast<int64_t>(running_.size()) >= progress_.parallel) {
      return absl::OkStatus();
    }
    if (progress_.of_point[i].state != State::kWaiting) continue;
    REPRISE_RETURN_IF_ERROR(Start(i));
  }
  return absl::OkStatus();
}

absl::Status SweepRun::Start(size_t point) {
  const SweepPoint& started = progress_.points[point];
  const std::string folder = FolderOf(point);
  std::error_code error;
  std::filesystem::create_directories(folder, error);
  if (error) {
    return StorageError(
        absl::StrCat("cannot create ", folder, ": ", error.message()));
  }
  const std::string log = absl::StrCat(folder, "/", kOutputFile);
  const FileDescriptor output(open(
      log.c_str(),
      O_WRONLY | O_CREAT | O_TRUNC | O_APPEND | O_NOFOLLOW | O_CLOEXEC, 0644));
  if (output.get() < 0) return ErrnoToStorageError("create", log);
  const size_t place = FreePlace();
  Subprocess::Options options;
  options.out = options.err = output.get();
  options.mask = mask_before_;
  options.patience = options_.patience;
  if (!options_.shares.slices.empty()) {
    options.cores = options_.shares.slices[place];
  } else if (progress_.parallel > 1 && GetEnv(kThreads).empty()) {
    options.environment[kThreads] =
        absl::StrCat(ThreadsWithin(options_.shares, started.ranks));
  }
  if (!options_.gpu_shares.empty()) {
    options.environment[kVisibleGpus] = options_.gpu_shares[place];
  }
  std::vector<std::string> arguments = {options_.program};
  arguments.insert(arguments.end(), started.arguments.begin(),
                   started.arguments.end());
  REPRISE_ASSIGN_OR_RETURN(Subprocess process,
                           Subprocess::Start(std::move(arguments), options));
  running_.push_back({point, place, std::move(process)});
  PointProgress& progress = progress_.of_point[point];
  progress.state = State::kRunning;
  progress.started = absl::Now();
  progress.log = log;
  display_.Started(progress_, point);
  return absl::OkStatus();
}

// Until a signal, of a child's end too, or for the time of a refresh.
void SweepRun::WaitForEvent() {
  if (child_ended_) return;
  const absl::Duration wait =
      std::clamp(kill_ - absl::Now(), absl::ZeroDuration(),
                 absl::Duration(kRefreshInterval));
  pollfd event = {signals_.get(), POLLIN, 0};
  // Interrupted or not: what has happened is looked at next.
  (void)poll(&event, 1, static_cast<int>(absl::ToInt64Milliseconds(wait)) + 1);
}

void SweepRun::ReadSignals() {
  signalfd_siginfo info;
  while (read(signals_.get(), &info, sizeof(info)) == sizeof(info)) {
    if (info.ssi_signo == SIGCHLD) {
      child_ended_ = true;
      continue;
    }
    if (ending_ == End::kInterrupted) {
      kill_ = absl::Now();
      continue;
    }
    ending_ = End::kInterrupted;
    display_.Print(absl::StrCat(
        "signal ", info.ssi_signo, ": ending ", running_.size(),
        running_.size() == 1 ? " point" : " points", "; once more kills"));
    EndAll();
  }
}

void SweepRun::EndAll() {
  kill_ = absl::Now() + options_.patience;
  for (const Running& one : running_) one.process.Signal(SIGTERM);
}

void SweepRun::TakeEnded() {
  child_ended_ = false;
  std::vector<Running> still;
  for (Running& one : running_) {
    const std::optional<ProcessEnd> end = one.process.Poll();
    if (end.has_value()) {
      Judge(one.point, *end);
    } else {
      still.push_back(std::move(one));
    }
  }
  running_.swap(still);
}

void SweepRun::Judge(size_t point, const ProcessEnd& end) {
  PointProgress& progress = progress_.of_point[point];
  const absl::StatusOr<PointFolder> folder =
      ReadPointFolder(FolderOf(point), progress_.points[point]);
  const bool finished = folder.ok() &&
                        folder->state == PointFolder::State::kFinished &&
                        folder->differences.empty();
  if (end.succeeded() && finished) {
    progress.state = State::kDone;
    progress.measures = folder->measures;
  } else if (ending_ == End::kInterrupted) {
    progress.state = State::kWaiting;
    return;
  } else {
    progress.state = State::kFailed;
    progress.exit_code = CodeOf(end);
    progress.end =
        end.succeeded() ? "ended without its results" : end.Describe();
    progress.error_line =
        folder.ok() ? LastErrorLine(ReadWholeFile(progress.log).value_or(""))
                    : std::string(folder.status().message());
    if (options_.stop_on_failure && !ending_.has_value()) {
      ending_ = End::kStoppedOnFailure;
    }
  }
  display_.Ended(progress_, point);
  options_.point_ended();
}

size_t SweepRun::FreePlace() const {
  size_t place = 0;
  const auto taken = [this](size_t wanted) {
    return std::any_of(
        running_.begin(), running_.end(),
        [wanted](const Running& one) { return one.place == wanted; });
  };
  while (taken(place)) ++place;
  return place;
}

std::string SweepRun::FolderOf(size_t point) const {
  return absl::StrCat(PointsFolder(options_.folder), "/",
                      progress_.points[point].name);
}

}  // namespace reprise
