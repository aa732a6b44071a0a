// What single steps of a rehearsal buffer take and give.
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "absl/status/statusor.h"
#include "core/base/sample.h"
#include "core/base/status_matchers.h"
#include "core/buffer/testing/buffer_samples.h"
#include "core/comm/communicator.h"
#include "core/comm/in_process/ranks_as_threads.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/conformance/rehearsal_buffer/histories.h"

namespace reprise {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::UnorderedElementsAre;

// A step in which these samples come in, of ranks that share a buffer none.
absl::StatusOr<Representatives> Step(RehearsalBuffer& buffer, int64_t step,
                                     const std::vector<Sample>& incoming = {}) {
  const absl::StatusOr<Representatives> given = buffer.BeginStep(
      {0, step, incoming, static_cast<int64_t>(incoming.size())});
  REPRISE_EXPECT_OK(given.status());
  REPRISE_EXPECT_OK(buffer.EndStep());
  return given;
}

// What a step draws of the state after all before it; asynchronous: by way of a
// step in between.
absl::StatusOr<Representatives> DrawNow(RehearsalBuffer& buffer, int64_t step,
                                        bool asynchronous) {
  if (asynchronous) (void)Step(buffer, step);
  return Step(buffer, asynchronous ? step + 1 : step);
}

TEST_P(RehearsalBufferConformance, BeforeAnythingCameInGivesNothing) {
  for (const int world_size : {1, 3}) {
    RunRanksAsThreads(world_size, [&](Communicator& communicator) {
      const auto buffer = MakeTestedBuffer(Options(), &communicator);
      for (int64_t s = 0; s < 4; ++s) {
        const absl::StatusOr<Representatives> given = Step(*buffer, s);
        EXPECT_THAT(given->samples, IsEmpty());
        EXPECT_THAT(given->draws, IsEmpty());
      }
      REPRISE_EXPECT_OK(buffer->Quiesce());
      const BufferStats stats = buffer->Stats();
      EXPECT_THAT(stats.stored, ElementsAre(0, 0, 0));
      EXPECT_THAT(stats.class_count, ElementsAre(0, 0, 0));
      EXPECT_THAT(stats.unique, ElementsAre(0, 0, 0));
      EXPECT_EQ(stats.bytes, 0);
      EXPECT_EQ(stats.mean_age_steps, 0);
    });
  }
}

TEST_P(RehearsalBufferConformance,
       WithFewerThanAskedForGivesEachOnceOverAllRanks) {
  RunRanksAsThreads(3, [&](Communicator& communicator) {
    RehearsalBufferOptions options = Options();
    options.representatives = 50;
    options.candidates = 50;
    const auto buffer = MakeTestedBuffer(options, &communicator);
    Source source;
    const int rank = communicator.rank();
    // All of rank 0 and none of the others.
    RehearsalStep step{0, 0, {}, 1};
    if (rank == 0) step.incoming = {source.Make(1, 77)};
    REPRISE_EXPECT_OK(buffer->BeginStep(step).status());
    REPRISE_EXPECT_OK(buffer->EndStep());
    const absl::StatusOr<Representatives> given =
        DrawNow(*buffer, 1, is_asynchronous());
    if (rank == 0) {
      EXPECT_THAT(IdsOf(given->samples), ElementsAre(77));
    } else {
      EXPECT_THAT(given->samples, IsEmpty());
    }
    EXPECT_THAT(given->stored, ElementsAre(0, 1, 0));
    EXPECT_THAT(given->class_count, ElementsAre(0, 1, 0));
  });
}

TEST_P(RehearsalBufferConformance, AloneWithFewerThanAskedForGivesEachOnce) {
  const auto buffer = MakeTestedBuffer(Options(), nullptr);
  Source source;
  (void)Step(*buffer, 0,
             {source.Make(2, 10), source.Make(0, 11), source.Make(2, 12)});
  const absl::StatusOr<Representatives> given =
      DrawNow(*buffer, 1, is_asynchronous());
  EXPECT_THAT(IdsOf(given->samples), UnorderedElementsAre(10, 11, 12));
  for (const Sample& sample : given->samples) ExpectBound(sample);
}

TEST_P(RehearsalBufferConformance, OfOneRowAClassKeepsTheLastOffered) {
  if (is_reservoir()) GTEST_SKIP() << "a reservoir keeps any";
  RehearsalBufferOptions options = Options();
  options.num_classes = 2;
  options.capacity_per_class = 1;
  const auto buffer = MakeTestedBuffer(options, nullptr);
  Source source;
  for (int64_t s = 0; s < 10; ++s) (void)Step(*buffer, s, {source.Make(1, s)});
  const absl::StatusOr<Representatives> given =
      DrawNow(*buffer, 10, is_asynchronous());
  EXPECT_THAT(IdsOf(given->samples), ElementsAre(9));
  const BufferStats stats = buffer->Stats();
  EXPECT_THAT(stats.stored, ElementsAre(0, 1));
  EXPECT_THAT(stats.class_count, ElementsAre(0, 10));
  EXPECT_THAT(stats.unique, ElementsAre(0, 1));
  EXPECT_EQ(stats.bytes, kRowBytes);
}

TEST_P(RehearsalBufferConformance, AReservoirIsSharedAmongItsClasses) {
  if (!is_reservoir()) GTEST_SKIP() << "classes have room of their own";
  RehearsalBufferOptions options = Options();
  options.capacity_per_class = 4;
  const auto buffer = MakeTestedBuffer(options, nullptr);
  Source source;
  (void)Step(*buffer, 0, source.Make(1, 0, 12));
  REPRISE_ASSERT_OK(buffer->Quiesce());
  EXPECT_THAT(buffer->Stats().stored, ElementsAre(0, 12, 0));
  (void)Step(*buffer, 1, source.Make(2, 12, 500));
  REPRISE_ASSERT_OK(buffer->Quiesce());
  const BufferStats stats = buffer->Stats();
  EXPECT_EQ(stats.stored[1] + stats.stored[2], 12);
  EXPECT_GT(stats.stored[2], 6);
  EXPECT_THAT(stats.class_count, ElementsAre(0, 12, 500));
  EXPECT_EQ(stats.bytes, 12 * kRowBytes);
}

TEST_P(RehearsalBufferConformance, KeepsCopiesOfRows) {
  const auto buffer = MakeTestedBuffer(Options(), nullptr);
  std::vector<std::byte> row(kRowBytes, std::byte{7});
  (void)Step(*buffer, 0, {{row.data(), 0, 0}});
  // Until then they are the caller's to keep.
  REPRISE_ASSERT_OK(buffer->Quiesce());
  row.assign(kRowBytes, std::byte{0});
  const absl::StatusOr<Representatives> given =
      DrawNow(*buffer, 1, is_asynchronous());
  ASSERT_EQ(given->samples.size(), 1u);
  EXPECT_EQ(given->samples[0].row[kRowBytes - 1], std::byte{7});
}

TEST_P(RehearsalBufferConformance, CountsDistinctIds) {
  const auto buffer = MakeTestedBuffer(Options(), nullptr);
  Source source;
  (void)Step(*buffer, 0,
             {source.Make(0, 5), source.Make(0, 5), source.Make(0, 6)});
  REPRISE_ASSERT_OK(buffer->Quiesce());
  EXPECT_THAT(buffer->Stats().unique, ElementsAre(2, 0, 0));
  EXPECT_THAT(buffer->Stats().stored, ElementsAre(3, 0, 0));
}

TEST_P(RehearsalBufferConformance, OffersDifferentSamplesOfWhatComesIn) {
  struct Offer {
    int64_t incoming, candidates, offered;
  };
  for (const Offer& offer :
       {Offer{64, 20, 20}, Offer{7, 20, 7}, Offer{0, 20, 0}, Offer{64, 0, 0}}) {
    RehearsalBufferOptions options = Options();
    options.candidates = offer.candidates;
    options.capacity_per_class = 64;
    const auto buffer = MakeTestedBuffer(options, nullptr);
    Source source;
    (void)Step(*buffer, 3, source.Make(0, 0, offer.incoming));
    REPRISE_ASSERT_OK(buffer->Quiesce());
    EXPECT_EQ(buffer->Stats().class_count[0], offer.offered);
    EXPECT_EQ(buffer->Stats().unique[0], offer.offered);
  }
}

TEST_P(RehearsalBufferConformance, SeedRankTaskAndStepEachChangeTheDraw) {
  const auto draw = [&](uint64_t seed, int rank, int64_t task, int64_t step) {
    RehearsalBufferOptions options = Options();
    options.seed = seed;
    options.rank = rank;
    options.capacity_per_class = 100;
    options.candidates = std::nullopt;
    const auto buffer = MakeTestedBuffer(options, nullptr);
    Source source;
    (void)Step(*buffer, 100, source.Make(0, 0, 100));
    absl::StatusOr<Representatives> given =
        buffer->BeginStep({task, step, {}, 0});
    REPRISE_EXPECT_OK(given.status());
    REPRISE_EXPECT_OK(buffer->EndStep());
    if (is_asynchronous()) given = Step(*buffer, 101);
    return IdsOf(given->samples);
  };
  const std::vector<int64_t> first = draw(1, 0, 0, 1);
  EXPECT_EQ(first.size(), 8u);
  EXPECT_EQ(first, draw(1, 0, 0, 1));
  EXPECT_NE(first, draw(2, 0, 0, 1));
  EXPECT_NE(first, draw(1, 1, 0, 1));
  EXPECT_NE(first, draw(1, 0, 1, 1));
  EXPECT_NE(first, draw(1, 0, 0, 2));
}

// Labels are ranks, so it is seen which rows went over the wire.
TEST_P(RehearsalBufferConformance, SendsTheBytesOfItsFormula) {
  if (is_asynchronous()) GTEST_SKIP() << "what it gives was sent before";
  RunRanksAsThreads(2, [&](Communicator& communicator) {
    RehearsalBufferOptions options = Options();
    options.capacity_per_class = 2;
    options.candidates = 2;
    options.representatives = 3;
    const auto buffer = MakeTestedBuffer(options, &communicator);
    Source source;
    constexpr int64_t kSteps = 8;
    const int64_t header = 16 + 8;  // at most two labels, rounded up
    for (int64_t s = 0; s < kSteps; ++s) {
      RehearsalStep step{0, s, {}, 2};
      step.incoming = {source.Make(static_cast<int32_t>(communicator.rank()),
                                   10 * s + communicator.rank())};
      const int64_t before = buffer->Stats().bytes_sent;
      const absl::StatusOr<Representatives> given = buffer->BeginStep(step);
      REPRISE_EXPECT_OK(given.status());
      int64_t rows = 0;  // of this rank that the other one is given
      std::vector<int64_t> from_here(2), all(4);
      for (const Sample& sample : given->samples) ++from_here[sample.label];
      REPRISE_EXPECT_OK(
          communicator.AllGather(from_here.data(), 16, all.data())->Wait());
      rows = all[2 * (1 - communicator.rank()) + communicator.rank()];
      EXPECT_EQ(buffer->Stats().bytes_sent - before,
                header + rows * (8 + kRowBytes));
      REPRISE_EXPECT_OK(buffer->EndStep());
    }
    EXPECT_GT(buffer->Stats().bytes_sent, kSteps * header);
  });
}

}  // namespace
}  // namespace reprise
