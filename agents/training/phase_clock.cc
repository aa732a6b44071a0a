#include "agents/training/phase_clock.h"

#include <c10/core/Event.h>
#include <c10/core/impl/DeviceGuardImplInterface.h>

#include <chrono>
#include <utility>

namespace reprise {
namespace {

class HostClock final : public PhaseClock {
 public:
  std::unique_ptr<Mark> SetMark() override {
    return std::make_unique<Moment>();
  }
  bool HasPassed(const Mark&) override { return true; }
  void Await(const Mark&) override {}
  double SecondsBetween(const Mark& from, const Mark& to) override {
    return std::chrono::duration<double>(static_cast<const Moment&>(to).time -
                                         static_cast<const Moment&>(from).time)
        .count();
  }

 private:
  struct Moment final : public Mark {
    const std::chrono::steady_clock::time_point time =
        std::chrono::steady_clock::now();
  };
};

class EventClock final : public PhaseClock {
 public:
  explicit EventClock(c10::Device device) : device_(device) {}

  std::unique_ptr<Mark> SetMark() override {
    // With the time, which LibTorch's own kind does without.
    auto recorded = std::make_unique<Recorded>(
        c10::Event(device_.type(), c10::EventFlag::BACKEND_DEFAULT));
    recorded->event.record(
        c10::impl::getDeviceGuardImpl(device_.type())->getStream(device_));
    return recorded;
  }
  bool HasPassed(const Mark& mark) override { return EventOf(mark).query(); }
  void Await(const Mark& mark) override { EventOf(mark).synchronize(); }
  double SecondsBetween(const Mark& from, const Mark& to) override {
    constexpr double kMillisecondsASecond = 1000;
    return EventOf(from).elapsedTime(EventOf(to)) / kMillisecondsASecond;
  }

 private:
  struct Recorded final : public Mark {
    explicit Recorded(c10::Event recorded) : event(std::move(recorded)) {}
    c10::Event event;
  };

  static const c10::Event& EventOf(const Mark& mark) {
    return static_cast<const Recorded&>(mark).event;
  }

  const c10::Device device_;
};

}  // namespace

std::unique_ptr<PhaseClock> MakePhaseClock(c10::Device device) {
  if (device.is_cpu()) return std::make_unique<HostClock>();
  return std::make_unique<EventClock>(device);
}

}  // namespace reprise
