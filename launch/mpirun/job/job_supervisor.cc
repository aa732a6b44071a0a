#include "launch/mpirun/job/job_supervisor.h"

#include <poll.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/string_view.h"
#include "absl/time/clock.h"
#include "core/base/file.h"
#include "core/base/host_name.h"
#include "core/base/status.h"
#include "launch/mpirun/job/job_verdict.h"
#include "launch/process/interrupt.h"

namespace reprise {
namespace {

// mpirun ends a job within about a second after a rank has failed.
constexpr absl::Duration kMpirunReacts = absl::Milliseconds(1500);
constexpr absl::Duration kAfterSigterm = absl::Milliseconds(500);
constexpr absl::Duration kAfterInterrupt = absl::Seconds(10);

void ShowOnStderr(absl::string_view text) {
  // An error is that nobody reads it.
  WriteFully(STDERR_FILENO, text, "stderr").IgnoreError();
}

}  // namespace

JobSupervisor::JobSupervisor(int64_t ranks, bool on_this_host,
                             std::vector<std::string> site_settings)
    : ranks_(ranks),
      site_settings_(std::move(site_settings)),
      watch_(HostName()) {
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

absl::Status JobSupervisor::RunInterruptibly(
    const std::function<absl::Status(const sigset_t& mask, int interrupt)>&
        prepare) {
  const FileDescriptor interrupt(signalfd(-1, &interrupts_, SFD_CLOEXEC));
  if (interrupt.get() < 0) return DistributedErrorFromErrno("signalfd");
  const absl::Status status = prepare(mask_before_, interrupt.get());
  signalfd_siginfo info;
  if (absl::IsCancelled(status) &&
      read(interrupt.get(), &info, sizeof(info)) == sizeof(info)) {
    interrupted_by_ = static_cast<int>(info.ssi_signo);
    EndBySignal();
  }
  return status;
}

absl::StatusOr<int> JobSupervisor::Run(std::vector<std::string> arguments) {
  if (signals_.get() < 0) return DistributedErrorFromErrno("signalfd");
  Subprocess::Options options;
  options.out = STDOUT_FILENO;
  options.mask = mask_before_;
  REPRISE_ASSIGN_OR_RETURN(Subprocess mpirun,
                           Subprocess::Start(std::move(arguments), options));
  mpirun_.emplace(std::move(mpirun));
  while (phase_ != JobPhase::kEnded) {
    REPRISE_RETURN_IF_ERROR(WaitForEvent());
    watch_.Update(report_.ranks());
    if (LooksForMissedRank()) {
      missed_rank_ = watch_.FindMissed(report_.ranks());
      if (missed_rank_.has_value()) EndWithin(absl::ZeroDuration());
    }
    if (report_.failure().has_value()) EndWithin(kMpirunReacts);
    if (absl::Now() >= deadline_) MeetDeadline();
  }
  Drain();
  ShowOnStderr(report_.Finish());
  watch_.KillAll();
  return Conclude();
}

bool JobSupervisor::LooksForMissedRank() const {
  return !missed_rank_.has_value() && !report_.failure().has_value();
}

absl::Status JobSupervisor::WaitForEvent() {
  std::vector<pollfd> events = {{signals_.get(), POLLIN, 0},
                                {mpirun_->err(), POLLIN, 0}};
  watch_.AddTo(&events);
  // A rank that has been missed stays so: its time is past, and poll would
  // return at once until the job has ended.
  const absl::Time wake =
      LooksForMissedRank()
          ? std::min(deadline_, watch_.NextMissed(report_.ranks()))
          : deadline_;
  const absl::Duration wait =
      std::min(wake - absl::Now(), absl::Duration(absl::Minutes(1)));
  const int64_t milliseconds =
      std::max<int64_t>(0, absl::ToInt64Milliseconds(wait) + 1);
  if (poll(events.data(), events.size(), static_cast<int>(milliseconds)) < 0 &&
      errno != EINTR) {
    return DistributedErrorFromErrno("poll");
  }
  if (events[1].revents != 0) ReadStderr();
  if (events[0].revents != 0) ReadSignal();
  return absl::OkStatus();
}

void JobSupervisor::ReadStderr() {
  std::string text;
  mpirun_->ReadErr(&text);
  if (!text.empty()) ShowOnStderr(report_.Consume(text));
}

void JobSupervisor::ReadSignal() {
  signalfd_siginfo info;
  if (read(signals_.get(), &info, sizeof(info)) != sizeof(info)) return;
  const int signal = static_cast<int>(info.ssi_signo);
  switch (signal) {
    case SIGCHLD:
      if (mpirun_->Poll().has_value()) phase_ = JobPhase::kEnded;
      break;
    case SIGUSR1:
    case SIGUSR2:
      mpirun_->Signal(signal);
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
void JobSupervisor::Interrupt() {
  EndWithin(watch_.Signal(0, SIGTERM) ? kMpirunReacts : absl::ZeroDuration());
}

// Deadlines do not move away.
void JobSupervisor::EndWithin(absl::Duration from_now) {
  if (phase_ > JobPhase::kEnding) return;
  phase_ = JobPhase::kEnding;
  deadline_ = std::min(deadline_, absl::Now() + from_now);
}

void JobSupervisor::MeetDeadline() {
  if (phase_ != JobPhase::kEnding) {
    EndNow();
    return;
  }
  phase_ = JobPhase::kTerminating;
  mpirun_->Signal(SIGTERM);
  deadline_ =
      absl::Now() + (interrupted_by_ != 0 ? kAfterInterrupt : kAfterSigterm);
}

void JobSupervisor::EndNow() {
  if (phase_ == JobPhase::kEnded) return;
  phase_ = JobPhase::kKilled;
  deadline_ = absl::InfiniteFuture();
  watch_.KillAll();
  mpirun_->SignalGroup(SIGKILL);
}

// What is still in the pipe; a process that mpirun left may hold it open.
void JobSupervisor::Drain() {
  const absl::Time drained = absl::Now() + absl::Milliseconds(300);
  while (mpirun_->err() >= 0 && absl::Now() < drained) {
    pollfd output = {mpirun_->err(), POLLIN, 0};
    if (poll(&output, 1, 50) > 0) ReadStderr();
  }
}

MpirunReport::Rank JobSupervisor::Reported(int rank) const {
  const auto found = report_.ranks().find(rank);
  return found == report_.ranks().end() ? MpirunReport::Rank() : found->second;
}

// As the shell expects of an interrupted program.
void JobSupervisor::EndBySignal() {
  const MpirunReport::Rank first = Reported(0);
  ShowOnStderr(InterruptLine(interrupted_by_, first.position, first.results));
  folders_.reset();
  signal(interrupted_by_, SIG_DFL);
  sigprocmask(SIG_SETMASK, &mask_before_, nullptr);
  raise(interrupted_by_);
}

// Before rank 0 tells where the results are, Open MPI starts.
std::string JobSupervisor::SiteHint() const {
  if (site_settings_.empty() || !Reported(0).results.empty()) return "";
  return absl::StrCat("; no run had begun, and the environment sets ",
                      absl::StrJoin(site_settings_, ", "),
                      ", which may not fit this host");
}

int JobSupervisor::Conclude() {
  if (interrupted_by_ != 0 && !AllCompleted(report_, ranks_)) EndBySignal();
  JobEnd end;
  end.ranks = ranks_;
  end.mpirun = mpirun_->pid();
  end.mpirun_end = mpirun_->Wait();  // known
  end.missed_rank = missed_rank_;
  const JobVerdict verdict = JudgeJob(report_, end);
  if (!verdict.line.empty()) {
    ShowOnStderr(absl::StrCat("reprise: ", verdict.line, SiteHint(),
                              "; the job has ended\n"));
  }
  return verdict.exit_code;
}

}  // namespace reprise
