// Where the training thread's time goes: one phase at a time, charged on
// change, which the run's position follows (core/base/run_position.h).
#ifndef REPRISE_AGENTS_PHASE_TIMER_H_
#define REPRISE_AGENTS_PHASE_TIMER_H_

#include <chrono>
#include <functional>

#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "core/base/phase.h"
#include "core/base/run_position.h"
#include "core/metrics/metric_sink.h"

namespace reprise {

class PhaseTimer {
 public:
  // Called, where set, for each time spent in a phase.
  std::function<void(Phase phase, absl::Time begin, absl::Time end)> observer;

  // Charges the time since the last call to the current phase and enters
  // `next`. Returns the phase that it left, so that a nested section can go
  // back.
  Phase Enter(Phase next) {
    const Clock::time_point now = Clock::now();
    if (observer) {
      const absl::Time time = absl::Now();
      observer(phase_, observed_, time);
      observed_ = time;
    }
    seconds_[static_cast<int>(phase_)] +=
        std::chrono::duration<double>(now - since_).count();
    since_ = now;
    SetRunPhase(next, std::chrono::nanoseconds(now.time_since_epoch()).count());
    const Phase left = phase_;
    phase_ = next;
    return left;
  }

  // Seconds in each phase up to now.
  PhaseSeconds Seconds() {
    Enter(phase_);
    return seconds_;
  }

 private:
  using Clock = std::chrono::steady_clock;
  Phase phase_ = Phase::kOther;
  Clock::time_point since_ = Clock::now();
  PhaseSeconds seconds_{};
  absl::Time observed_ = absl::Now();
};

inline PhaseSeconds Difference(const PhaseSeconds& later,
                               const PhaseSeconds& earlier) {
  PhaseSeconds difference;
  for (int i = 0; i < kNumPhases; ++i) difference[i] = later[i] - earlier[i];
  return difference;
}

}  // namespace reprise

#endif  // REPRISE_AGENTS_PHASE_TIMER_H_
