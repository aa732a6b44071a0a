
#include "core/comm/decorators/observing_transport.h"

#include <algorithm>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>

#include "absl/time/clock.h"
#include "core/base/status.h"
#include "core/comm/collective.h"
#include "core/comm/decorators/forwarding_transport.h"

namespace reprise {
namespace {

class ObservingTransport final : public ForwardingTransport {
 public:
  ObservingTransport(std::unique_ptr<Transport> observed,
                     CollectiveObserver observer, AbortObserver on_abort)
      : ForwardingTransport(std::move(observed)),
        observer_(std::move(observer)),
        on_abort_(std::move(on_abort)) {}

  absl::StatusOr<std::unique_ptr<Pending>> Start(
      const Collective& collective) override {
    auto observed = std::make_unique<ObservedPending>();
    observed->collective = collective;
    observed->observer = &observer_;
    observed->issued = absl::Now();
    REPRISE_ASSIGN_OR_RETURN(observed->pending, inside().Start(collective));
    return observed;
  }

  void Abort(const absl::Status& status) override {
    if (on_abort_) on_abort_();
    ForwardingTransport::Abort(status);
  }

 private:
  struct ObservedPending final : public Pending {
    Collective collective;
    const CollectiveObserver* observer = nullptr;
    absl::Time issued;
    std::unique_ptr<Pending> pending;

    absl::StatusOr<bool> Test() override {
      REPRISE_ASSIGN_OR_RETURN(const bool done, pending->Test());
      if (!done) return false;
      const auto times = pending->Times();
      if (times.has_value()) {
        (*observer)(collective, times->begun, times->completed);
      } else {
        (*observer)(collective, issued, absl::Now());
      }
      return true;
    }

    std::optional<CollectiveTimes> Times() const override {
      return pending->Times();
    }
  };

  const CollectiveObserver observer_;
  const AbortObserver on_abort_;
};

}  // namespace

std::unique_ptr<Transport> MakeObservingTransport(
    std::unique_ptr<Transport> observed, CollectiveObserver observer,
    AbortObserver on_abort) {
  return std::make_unique<ObservingTransport>(
      std::move(observed), std::move(observer), std::move(on_abort));
}

absl::StatusOr<std::vector<absl::Duration>> ClocksAheadOfRank0(
    Communicator& communicator) {
  constexpr int kBarriers = 15;
  std::vector<int64_t> mine(kBarriers);
  for (int64_t& nanoseconds : mine) {
    REPRISE_RETURN_IF_ERROR(communicator.Barrier()->Wait());
    nanoseconds = absl::ToUnixNanos(absl::Now());
  }
  std::vector<int64_t> all(kBarriers * communicator.world_size());
  REPRISE_RETURN_IF_ERROR(
      communicator
          .AllGather(mine.data(), kBarriers * sizeof(int64_t), all.data())
          ->Wait());
  std::vector<absl::Duration> ahead;
  for (int rank = 0; rank < communicator.world_size(); ++rank) {
    std::vector<int64_t> differences(kBarriers);
    for (int i = 0; i < kBarriers; ++i) {
      differences[i] = all[rank * kBarriers + i] - all[i];
    }
    std::nth_element(differences.begin(), differences.begin() + kBarriers / 2,
                     differences.end());
    ahead.push_back(absl::Nanoseconds(differences[kBarriers / 2]));
  }
  return ahead;
}

}  // namespace reprise
