// What phases are timed by: the clock of the device that computes. A device is
// behind what the host has given to it, so the host marks the places in the
// device's work where a phase begins, and reads when the device passed them
// once it has, without waiting for it.
#ifndef REPRISE_AGENTS_TRAINING_PHASE_CLOCK_H_
#define REPRISE_AGENTS_TRAINING_PHASE_CLOCK_H_

#include <c10/core/Device.h>

#include <memory>

namespace reprise {

// Not thread-safe. LibTorch exceptions pass through.
class PhaseClock {
 public:
  class Mark {
   public:
    virtual ~Mark() = default;
  };

  virtual ~PhaseClock() = default;

  // Behind all that the calling thread has given to the device.
  virtual std::unique_ptr<Mark> SetMark() = 0;
  virtual bool HasPassed(const Mark& mark) = 0;
  // Waits until it has.
  virtual void Await(const Mark& mark) = 0;
  // Between two that have passed.
  virtual double SecondsBetween(const Mark& from, const Mark& to) = 0;
};

// Of a CPU the host's clock: its marks have passed when they are set. Else
// events on the calling thread's current stream of `device`.
std::unique_ptr<PhaseClock> MakePhaseClock(c10::Device device);

}  // namespace reprise

#endif  // REPRISE_AGENTS_TRAINING_PHASE_CLOCK_H_
