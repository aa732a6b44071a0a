// Where the time of training goes: one phase at a time, charged on change, by
// the clock of the device that computes (agents/training/phase_clock.h). A
// phase of the host's that the device is too busy to notice takes no time; what
// the device waits for, idle, is part of the phase in which it does. The run's
// position (core/base/run_position.h) follows the host's phase.
#ifndef REPRISE_AGENTS_TRAINING_PHASE_TIMER_H_
#define REPRISE_AGENTS_TRAINING_PHASE_TIMER_H_

#include <deque>
#include <functional>
#include <memory>

#include "absl/time/time.h"
#include "agents/training/phase_clock.h"
#include "core/base/phase.h"
#include "core/metrics/metric_sink.h"

namespace reprise {

// Not thread-safe.
class PhaseTimer {
 public:
  // Changes of phase that the device has not come to, at most: some tens of
  // steps, more than there are between two reports, where the host waits.
  static constexpr size_t kMostPending = 256;

  explicit PhaseTimer(std::unique_ptr<PhaseClock> clock);

  // Called, where set, for each time spent in a phase, in order; of a device's
  // clock with what the host's would show.
  std::function<void(Phase phase, absl::Time begin, absl::Time end)> observer;

  // All that the device is given from now on is of `next`. Waits for the device
  // only where kMostPending changes are before it.
  void Enter(Phase next);

  // Seconds in each phase up to now. Waits for the device.
  PhaseSeconds Seconds();

 private:
  struct Begun {
    std::unique_ptr<PhaseClock::Mark> mark;
    Phase phase;
  };

  void SetMark(Phase phase);
  // To the oldest phase, whose end has passed.
  void ChargeOldest();

  const std::unique_ptr<PhaseClock> clock_;
  std::deque<Begun> begun_;  // the first one's begin has passed
  PhaseSeconds seconds_{};
  absl::Time time_;  // of the host, when the first one began
};

inline PhaseSeconds Difference(const PhaseSeconds& later,
                               const PhaseSeconds& earlier) {
  PhaseSeconds difference;
  for (int i = 0; i < kNumPhases; ++i) difference[i] = later[i] - earlier[i];
  return difference;
}

}  // namespace reprise

#endif  // REPRISE_AGENTS_TRAINING_PHASE_TIMER_H_
