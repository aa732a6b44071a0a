#include "launch/mpirun/job/rank_watch.h"

#include <signal.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "absl/time/clock.h"

namespace reprise {
namespace {

bool HasCompleted(const ReportedRanks& reported, int rank) {
  const auto found = reported.find(rank);
  return found != reported.end() && found->second.completed.has_value();
}

}  // namespace

void RankWatch::Update(const ReportedRanks& reported) {
  for (const auto& [rank, report] : reported) {
    if (report.host != host_ || watched_.count(rank) != 0) continue;
    Watched& watched = watched_[rank];
    watched.process = FileDescriptor(static_cast<int>(
        syscall(SYS_pidfd_open, static_cast<pid_t>(report.pid), 0)));
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
  }
}

void RankWatch::AddTo(std::vector<pollfd>* events) const {
  for (const auto& [rank, watched] : watched_) {
    if (watched.process.get() >= 0) {
      events->push_back({watched.process.get(), POLLIN, 0});
    }
  }
}

std::optional<int> RankWatch::FindMissed(const ReportedRanks& reported) const {
  for (const auto& [rank, watched] : watched_) {
    if (absl::Now() >= watched.gone + kRankIsMissed &&
        !HasCompleted(reported, rank)) {
      return rank;
    }
  }
  return std::nullopt;
}

absl::Time RankWatch::NextMissed(const ReportedRanks& reported) const {
  absl::Time next = absl::InfiniteFuture();
  for (const auto& [rank, watched] : watched_) {
    if (watched.process.get() < 0 && !HasCompleted(reported, rank)) {
      next = std::min(next, watched.gone + kRankIsMissed);
    }
  }
  return next;
}

bool RankWatch::Signal(int rank, int signal) const {
  const auto found = watched_.find(rank);
  return found != watched_.end() && found->second.process.get() >= 0 &&
         syscall(SYS_pidfd_send_signal, found->second.process.get(), signal,
                 nullptr, 0) == 0;
}

void RankWatch::KillAll() const {
  for (const auto& [rank, watched] : watched_) Signal(rank, SIGKILL);
}

}  // namespace reprise
