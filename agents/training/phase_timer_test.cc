#include "agents/training/phase_timer.h"

#include <algorithm>
#include <cstdint>
#include <memory>
#include <random>
#include <vector>

#include "absl/time/time.h"
#include "agents/training/phase_clock.h"
#include "gtest/gtest.h"

namespace reprise {
namespace {

// A device acted out on a time of its own: it works off what it is given, in
// order, behind the host.
struct Device {
  double host = 0;  // seconds
  double free = 0;  // when all that it was given is done
  int pending = 0;  // marks
  int most_pending = 0;
  int waits = 0;

  void Launch(double seconds) { free = std::max(free, host) + seconds; }
};

class ActedOutClock final : public PhaseClock {
 public:
  explicit ActedOutClock(Device& device) : device_(device) {}

  std::unique_ptr<Mark> SetMark() override {
    device_.free = std::max(device_.free, device_.host);
    ++device_.pending;
    device_.most_pending = std::max(device_.most_pending, device_.pending);
    return std::make_unique<Moment>(device_);
  }
  bool HasPassed(const Mark& mark) override {
    return TimeOf(mark) <= device_.host;
  }
  void Await(const Mark& mark) override {
    device_.waits += !HasPassed(mark);
    device_.host = std::max(device_.host, TimeOf(mark));
  }
  double SecondsBetween(const Mark& from, const Mark& to) override {
    EXPECT_TRUE(HasPassed(from) && HasPassed(to));
    return TimeOf(to) - TimeOf(from);
  }

 private:
  struct Moment final : public Mark {
    explicit Moment(Device& device) : device(device), time(device.free) {}
    ~Moment() override { --device.pending; }
    Device& device;
    const double time;
  };
  static double TimeOf(const Mark& mark) {
    return static_cast<const Moment&>(mark).time;
  }

  Device& device_;
};

double Total(const PhaseSeconds& seconds) {
  double total = 0;
  for (const double one : seconds) total += one;
  return total;
}

double Of(const PhaseSeconds& seconds, Phase phase) {
  return seconds[static_cast<int>(phase)];
}

TEST(PhaseTimer, ChargesThePhaseThatTheDeviceIsInNotTheHost) {
  Device device;
  PhaseTimer timer(std::make_unique<ActedOutClock>(device));
  for (int step = 0; step < 10; ++step) {
    timer.Enter(Phase::kForward);
    device.Launch(2);
    timer.Enter(Phase::kBackward);
    device.Launch(5);
    timer.Enter(Phase::kOptimizer);
    device.Launch(1);
    // Behind which the next step's load is hidden, but for half a second.
    timer.Enter(Phase::kLoad);
    device.host += 8.5;
  }
  EXPECT_EQ(device.waits, 0);
  const PhaseSeconds seconds = timer.Seconds();
  EXPECT_EQ(Of(seconds, Phase::kForward), 20);
  EXPECT_EQ(Of(seconds, Phase::kBackward), 50);
  EXPECT_EQ(Of(seconds, Phase::kOptimizer), 10);
  EXPECT_EQ(Of(seconds, Phase::kLoad), 5);
}

TEST(PhaseTimer, PhasesAddUpToTheDevicesTimeWhateverTheHostDoes) {
  for (unsigned seed = 0; seed < 50; ++seed) {
    std::mt19937 numbers(seed);
    // From a host that is always behind to one that is always ahead.
    const double host_speed = 1.0 / (1 << seed % 8);
    Device device;
    PhaseTimer timer(std::make_unique<ActedOutClock>(device));
    PhaseSeconds expected{}, observed{};
    double begin = device.free;
    Phase phase = Phase::kOther;
    absl::Time last = absl::InfinitePast();
    timer.observer = [&](Phase of, absl::Time from, absl::Time to) {
      EXPECT_LE(from, to);
      EXPECT_GE(to, last);
      last = to;
      observed[static_cast<int>(of)] += absl::ToDoubleSeconds(to - from);
    };
    const auto enter = [&](Phase next) {
      const double now = std::max(device.free, device.host);
      expected[static_cast<int>(phase)] += now - begin;
      begin = now;
      phase = next;
    };
    for (int change = 0; change < 2000; ++change) {
      // Powers of two: sums are exact.
      device.host += host_speed * (numbers() % 64) / 1024;
      if (numbers() % 2 == 0) device.Launch((numbers() % 64) / 1024.0);
      const auto next = static_cast<Phase>(numbers() % kNumPhases);
      enter(next);
      timer.Enter(next);
      if (change % 700 == 699) {
        enter(phase);
        EXPECT_EQ(timer.Seconds(), expected) << "seed " << seed;
        EXPECT_EQ(device.pending, 1);
      }
    }
    enter(phase);
    const PhaseSeconds seconds = timer.Seconds();
    EXPECT_EQ(seconds, expected) << "seed " << seed;
    EXPECT_EQ(Total(seconds), begin);
    EXPECT_LE(device.most_pending, PhaseTimer::kMostPending + 1);
    for (int i = 0; i < kNumPhases; ++i) {
      EXPECT_NEAR(observed[i], seconds[i], 1e-4);
    }
  }
}

TEST(PhaseTimer, WaitsForADeviceThatIsFarBehindOnlyAsLongAsItHasTo) {
  Device device;
  PhaseTimer timer(std::make_unique<ActedOutClock>(device));
  const int changes = 3 * static_cast<int>(PhaseTimer::kMostPending);
  for (int change = 0; change < changes; ++change) {
    timer.Enter(change % 2 == 0 ? Phase::kForward : Phase::kBackward);
    device.Launch(1);
  }
  EXPECT_EQ(device.most_pending, PhaseTimer::kMostPending + 1);
  EXPECT_LT(device.host, device.free);
  EXPECT_EQ(Of(timer.Seconds(), Phase::kForward), changes / 2);
}

TEST(PhaseTimer, OfACpuTakesTheHostsTime) {
  PhaseTimer timer(MakePhaseClock(c10::Device(c10::DeviceType::CPU)));
  std::vector<Phase> observed;
  timer.observer = [&](Phase phase, absl::Time begin, absl::Time end) {
    EXPECT_LE(begin, end);
    observed.push_back(phase);
  };
  timer.Enter(Phase::kLoad);
  EXPECT_EQ(observed, std::vector<Phase>{Phase::kOther});
  timer.Enter(Phase::kForward);
  EXPECT_EQ(observed, (std::vector<Phase>{Phase::kOther, Phase::kLoad}));
  EXPECT_GT(Of(timer.Seconds(), Phase::kLoad), 0);
}

}  // namespace
}  // namespace reprise
