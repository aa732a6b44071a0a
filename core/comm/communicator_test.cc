// What a rank can be asked while its collectives are under way. What they do is
// in tests/conformance, which every transport passes.
#include "core/comm/communicator.h"

#include <cstdint>
#include <future>
#include <memory>
#include <optional>
#include <thread>
#include <vector>

#include "absl/status/status.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "core/base/dtype.h"
#include "core/base/status_matchers.h"
#include "core/comm/collective.h"
#include "core/comm/in_process/ranks_as_threads.h"
#include "gtest/gtest.h"

namespace reprise {
namespace {

// The first that is reported; waits for that, a minute at most.
CollectiveInFlight OldestOf(const Communicator& communicator) {
  const absl::Time end = absl::Now() + absl::Minutes(1);
  while (absl::Now() < end) {
    if (const std::optional<CollectiveInFlight> oldest =
            communicator.Health()) {
      return *oldest;
    }
    absl::SleepFor(absl::Microseconds(100));
  }
  ADD_FAILURE() << "no collective is reported";
  return CollectiveInFlight();
}

TEST(Health, TellsOfTheCollectiveThatALateRankHoldsUp) {
  std::promise<void> seen;
  RunRanksAsThreads(2, [&](Communicator& communicator) {
    std::vector<float> values(128, 1.0f);
    const auto sum = [&] {
      return communicator.AllReduce(values.data(), 128, DType::kFloat32,
                                    ReduceOp::kSum);
    };
    REPRISE_EXPECT_OK(communicator.Barrier()->Wait());
    if (communicator.rank() == 1) {
      seen.get_future().wait();
      REPRISE_EXPECT_OK(sum()->Wait());
      REPRISE_EXPECT_OK(communicator.Barrier()->Wait());
      EXPECT_FALSE(communicator.Health().has_value());
      return;
    }
    const absl::Time before = absl::Now();
    const std::shared_ptr<Work> late = sum();
    const std::shared_ptr<Work> behind = communicator.Barrier();
    const CollectiveInFlight oldest = OldestOf(communicator);
    EXPECT_EQ(oldest.signature, "AllReduce of 128 float32 (sum)");
    EXPECT_EQ(oldest.number, 1);  // behind the barrier
    EXPECT_GE(oldest.since, before);
    EXPECT_LE(oldest.since, absl::Now());
    // The same one grows older, whatever was issued behind.
    absl::SleepFor(absl::Milliseconds(2));
    const CollectiveInFlight again = OldestOf(communicator);
    EXPECT_EQ(again.number, 1);
    EXPECT_EQ(again.since, oldest.since);
    seen.set_value();
    REPRISE_EXPECT_OK(late->Wait());
    REPRISE_EXPECT_OK(behind->Wait());
    EXPECT_FALSE(communicator.Health().has_value());
  });
}

TEST(Health, IsToldToAnotherThreadWhileTheCallerWaits) {
  std::promise<void> seen;
  RunRanksAsThreads(2, [&](Communicator& communicator) {
    if (communicator.rank() == 1) {
      seen.get_future().wait();
      REPRISE_EXPECT_OK(communicator.Barrier()->Wait());
      return;
    }
    std::thread watches([&] {
      const CollectiveInFlight oldest = OldestOf(communicator);
      EXPECT_EQ(oldest.signature, "Barrier");
      EXPECT_EQ(oldest.number, 0);
      seen.set_value();
    });
    REPRISE_EXPECT_OK(communicator.Barrier()->Wait());
    watches.join();
  });
}

TEST(Health, TellsOfNothingThatIsClosedOrDone) {
  RunRanksAsThreads(1, [](Communicator& communicator) {
    EXPECT_FALSE(communicator.Health().has_value());
    int64_t value = 1;
    const std::shared_ptr<Work> closed = communicator.AllReduce(
        &value, 1, DType::kInt64, ReduceOp::kMax, Gate::kClosed);
    absl::SleepFor(absl::Milliseconds(2));
    EXPECT_FALSE(communicator.Health().has_value());
    closed->Open();
    REPRISE_EXPECT_OK(closed->Wait());
    EXPECT_FALSE(communicator.Health().has_value());
  });
}

TEST(Health, TellsOfNothingOnceBuffersAreGivenBack) {
  std::promise<void> aborted;
  RunFailingRanksAsThreads(2, [&](Communicator& communicator) {
    if (communicator.rank() == 1) {
      aborted.get_future().wait();
      return;
    }
    const std::shared_ptr<Work> stuck = communicator.Barrier();
    EXPECT_EQ(OldestOf(communicator).signature, "Barrier");
    communicator.Abort(absl::InternalError("the test's"));
    EXPECT_FALSE(communicator.Health().has_value());
    EXPECT_THAT(stuck->Wait(), FailsWith("the test's"));
    aborted.set_value();
  });
}

}  // namespace
}  // namespace reprise
