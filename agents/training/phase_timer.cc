#include "agents/training/phase_timer.h"

#include <algorithm>
#include <utility>

#include "absl/time/clock.h"
#include "core/base/run_position.h"

namespace reprise {

PhaseTimer::PhaseTimer(std::unique_ptr<PhaseClock> clock)
    : clock_(std::move(clock)) {
  SetMark(Phase::kOther);
  clock_->Await(*begun_.front().mark);
  time_ = absl::Now();
}

void PhaseTimer::Enter(Phase next) {
  SetRunPhase(next);
  SetMark(next);
  if (begun_.size() > kMostPending) clock_->Await(*begun_[1].mark);
  while (begun_.size() > 1 && clock_->HasPassed(*begun_[1].mark)) {
    ChargeOldest();
  }
  // Clocks drift: a mark that has passed by now has done so just now.
  if (begun_.size() == 1) time_ = std::max(time_, absl::Now());
}

PhaseSeconds PhaseTimer::Seconds() {
  const Phase phase = begun_.back().phase;
  SetMark(phase);
  clock_->Await(*begun_.back().mark);
  while (begun_.size() > 1) ChargeOldest();
  time_ = std::max(time_, absl::Now());
  return seconds_;
}

void PhaseTimer::SetMark(Phase phase) {
  begun_.push_back({clock_->SetMark(), phase});
}

void PhaseTimer::ChargeOldest() {
  const Phase phase = begun_[0].phase;
  const double seconds =
      clock_->SecondsBetween(*begun_[0].mark, *begun_[1].mark);
  seconds_[static_cast<int>(phase)] += seconds;
  const absl::Time end = time_ + absl::Seconds(seconds);
  if (observer) observer(phase, time_, end);
  time_ = end;
  begun_.pop_front();
}

}  // namespace reprise
