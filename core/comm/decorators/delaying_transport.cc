
#include "core/comm/decorators/delaying_transport.h"

#include <utility>

#include "absl/time/clock.h"
#include "core/base/philox.h"
#include "core/base/status.h"
#include "core/comm/collective.h"
#include "core/comm/decorators/forwarding_transport.h"

namespace reprise {
namespace {

// Of the communication thread.
class Delays {
 public:
  Delays(uint32_t run, int rank, absl::Duration longest,
         const std::atomic<bool>* on)
      : longest_(longest),
        on_(on),
        numbers_({2, Purpose::kTest, run, 0, static_cast<uint32_t>(rank)}) {}

  absl::Duration BeforeStart() {
    return IsOn() ? Below(kUsual) : absl::ZeroDuration();
  }

  absl::Duration OfCompletion() {
    if (!IsOn()) return absl::ZeroDuration();
    return Below(numbers_.NextBelow(8) == 0 ? longest_ : kUsual);
  }

 private:
  static constexpr absl::Duration kUsual = absl::Microseconds(500);

  bool IsOn() const { return on_ == nullptr || *on_; }
  absl::Duration Below(absl::Duration most) {
    return numbers_.NextUniform() * most;
  }

  const absl::Duration longest_;
  const std::atomic<bool>* const on_;
  PhiloxStream numbers_;
};

class DelayingTransport final : public ForwardingTransport {
 public:
  DelayingTransport(std::unique_ptr<Transport> delayed, uint32_t run,
                    absl::Duration longest, const std::atomic<bool>* on)
      : ForwardingTransport(std::move(delayed)),
        delays_(run, info().rank, longest, on) {}

  absl::StatusOr<std::unique_ptr<Pending>> Start(
      const Collective& collective) override {
    absl::SleepFor(delays_.BeforeStart());
    auto late = std::make_unique<LatePending>();
    late->by = delays_.OfCompletion();
    REPRISE_ASSIGN_OR_RETURN(late->pending, inside().Start(collective));
    return late;
  }

 private:
  struct LatePending final : public Pending {
    absl::Duration by;
    std::unique_ptr<Pending> pending;
    absl::Time told = absl::InfiniteFuture();  // when it is said to be complete

    absl::StatusOr<bool> Test() override {
      if (told == absl::InfiniteFuture()) {
        REPRISE_ASSIGN_OR_RETURN(const bool done, pending->Test());
        if (done) told = absl::Now() + by;
      }
      return absl::Now() >= told;
    }
  };

  Delays delays_;
};

}  // namespace

std::unique_ptr<Transport> MakeDelayingTransport(
    std::unique_ptr<Transport> delayed, uint32_t run, absl::Duration longest,
    const std::atomic<bool>* on) {
  return std::make_unique<DelayingTransport>(std::move(delayed), run, longest,
                                             on);
}

}  // namespace reprise
