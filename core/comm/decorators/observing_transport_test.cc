
#include "core/comm/decorators/observing_transport.h"

#include <atomic>
#include <cstdint>
#include <memory>
#include <thread>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "core/base/dtype.h"
#include "core/base/status.h"
#include "core/base/status_matchers.h"
#include "core/comm/collective.h"
#include "core/comm/communicator.h"
#include "core/comm/in_process/in_process_transport.h"
#include "core/comm/in_process/ranks_as_threads.h"
#include "core/comm/transport.h"
#include "gtest/gtest.h"

namespace reprise {
namespace {

struct Seen {
  Collective::Kind kind;
  int64_t count;
  absl::Time issued, completed;
};

TEST(ObservingTransport, TellsWhenEachCollectiveWasUnderWay) {
  // Of rank 0, whose observer is the first that is made.
  std::vector<std::vector<Seen>> seen(2);
  const absl::Time before = absl::Now();
  RunRanksAsThreads(
      2,
      [](Communicator& communicator) {
        float values[3] = {1, 2, 3};
        REPRISE_EXPECT_OK(
            communicator.AllReduce(values, 3, DType::kFloat32, ReduceOp::kSum)
                ->Wait());
        EXPECT_EQ(values[2], 6);
        if (communicator.rank() == 1) absl::SleepFor(absl::Milliseconds(60));
        REPRISE_EXPECT_OK(communicator.Barrier()->Wait());
      },
      [&](std::unique_ptr<Transport> transport) {
        std::vector<Seen>& of_rank = seen[transport->info().rank];
        return MakeObservingTransport(
            std::move(transport),
            [&of_rank](const Collective& collective, absl::Time issued,
                       absl::Time completed) {
              of_rank.push_back(
                  {collective.kind, collective.count, issued, completed});
            });
      });
  for (const std::vector<Seen>& of_rank : seen) {
    ASSERT_EQ(of_rank.size(), 2);
    EXPECT_EQ(of_rank[0].kind, Collective::Kind::kAllReduce);
    EXPECT_EQ(of_rank[0].count, 3);
    EXPECT_EQ(of_rank[1].kind, Collective::Kind::kBarrier);
    EXPECT_LE(before, of_rank[0].issued);
    EXPECT_LE(of_rank[0].issued, of_rank[0].completed);
    EXPECT_LE(of_rank[0].completed, of_rank[1].issued);
  }
  // Rank 0 waits for rank 1.
  EXPECT_GT(seen[0][1].completed - seen[0][1].issued, absl::Milliseconds(40));
}

TEST(ObservingTransport, TellsOfAnAbortBeforeOthersHearOfIt) {
  const auto factories = InProcessJob(2);
  std::atomic<bool> aborts{false};
  std::thread other([&] {
    REPRISE_ASSERT_OK_AND_ASSIGN(const auto communicator,
                                 Communicator::Create(factories[1]));
    EXPECT_THAT(communicator->Barrier()->Wait(), FailsWith("no more"));
    EXPECT_TRUE(aborts);
  });
  absl::StatusOr<std::unique_ptr<Communicator>> communicator =
      Communicator::Create([&]() -> absl::StatusOr<std::unique_ptr<Transport>> {
        REPRISE_ASSIGN_OR_RETURN(std::unique_ptr<Transport> transport,
                                 factories[0]());
        return MakeObservingTransport(
            std::move(transport),
            [](const Collective&, absl::Time, absl::Time) {},
            [&] { aborts = true; });
      });
  REPRISE_EXPECT_OK(communicator);
  EXPECT_FALSE(aborts);
  (*communicator)->Abort(absl::InternalError("no more"));
  other.join();
}

TEST(ClocksAheadOfRank0, AreEqualOnOneHost) {
  RunRanksAsThreads(3, [](Communicator& communicator) {
    const auto ahead = ClocksAheadOfRank0(communicator);
    REPRISE_EXPECT_OK(ahead.status());
    ASSERT_EQ(ahead->size(), 3);
    EXPECT_EQ((*ahead)[0], absl::ZeroDuration());
    for (const absl::Duration one : *ahead) {
      EXPECT_LT(absl::AbsDuration(one), absl::Milliseconds(20));
    }
  });
}

}  // namespace
}  // namespace reprise
