#include "core/buffer/reservoir_buffer.h"

#include <cstddef>
#include <cstdint>
#include <set>
#include <vector>

#include "core/base/philox.h"
#include "core/base/sample.h"
#include "core/base/status_matchers.h"
#include "core/buffer/buffer_samples.h"
#include "core/buffer/buffer_state.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace reprise {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::UnorderedElementsAre;

ReservoirBuffer MakeBuffer(int64_t classes, int64_t capacity_per_class,
                           uint64_t seed = 42, int rank = 0) {
  return ReservoirBuffer({classes, capacity_per_class, kRowBytes, seed, rank});
}

TEST(ReservoirBuffer, EmptyGivesNothing) {
  ReservoirBuffer buffer = MakeBuffer(3, 5);
  REPRISE_ASSERT_OK_AND_ASSIGN(const std::vector<Sample> drawn,
                               buffer.Sample(20, 0, 0));
  EXPECT_THAT(drawn, IsEmpty());
  REPRISE_EXPECT_OK(buffer.Insert({}, 0, 0));
  const BufferState state = buffer.State();
  EXPECT_THAT(state.stored, ElementsAre(0, 0, 0));
  EXPECT_THAT(state.class_count, ElementsAre(0, 0, 0));
  EXPECT_THAT(state.unique, ElementsAre(0, 0, 0));
  EXPECT_EQ(state.bytes, 0);
}

TEST(ReservoirBuffer, WithFewerThanAskedForGivesEachOnce) {
  ReservoirBuffer buffer = MakeBuffer(3, 5);
  Source source;
  REPRISE_ASSERT_OK(buffer.Insert(
      {source.Make(2, 10), source.Make(0, 11), source.Make(2, 12)}, 0, 0));
  REPRISE_ASSERT_OK_AND_ASSIGN(const std::vector<Sample> drawn,
                               buffer.Sample(20, 0, 1));
  EXPECT_THAT(IdsOf(drawn), UnorderedElementsAre(10, 11, 12));
  for (const Sample& sample : drawn) ExpectBound(sample);
  REPRISE_ASSERT_OK_AND_ASSIGN(const std::vector<Sample> none,
                               buffer.Sample(0, 0, 2));
  EXPECT_THAT(none, IsEmpty());
}

TEST(ReservoirBuffer, SharesItsCapacityAmongTheClasses) {
  ReservoirBuffer buffer = MakeBuffer(3, 4);
  Source source;
  REPRISE_ASSERT_OK(buffer.Insert(source.Make(1, 0, 12), 0, 0));
  EXPECT_THAT(buffer.State().stored, ElementsAre(0, 12, 0));
  REPRISE_ASSERT_OK(buffer.Insert(source.Make(2, 12, 500), 0, 1));
  const BufferState state = buffer.State();
  EXPECT_EQ(state.stored[1] + state.stored[2], 12);
  EXPECT_GT(state.stored[2], 6);
  EXPECT_THAT(state.class_count, ElementsAre(0, 12, 500));
  EXPECT_EQ(state.bytes, 12 * kRowBytes);
}

TEST(ReservoirBuffer, OfCapacityZeroCountsAndKeepsNothing) {
  ReservoirBuffer buffer = MakeBuffer(2, 0);
  Source source;
  REPRISE_ASSERT_OK(buffer.Insert(source.Make(0, 0, 4), 0, 0));
  EXPECT_THAT(buffer.State().class_count, ElementsAre(4, 0));
  EXPECT_THAT(buffer.State().stored, ElementsAre(0, 0));
}

TEST(ReservoirBuffer, CopiesRows) {
  ReservoirBuffer buffer = MakeBuffer(1, 5);
  std::vector<std::byte> row(kRowBytes, std::byte{7});
  REPRISE_ASSERT_OK(buffer.Insert({{row.data(), 0, 0}}, 0, 0));
  row.assign(kRowBytes, std::byte{0});
  REPRISE_ASSERT_OK_AND_ASSIGN(const std::vector<Sample> drawn,
                               buffer.Sample(1, 0, 1));
  EXPECT_EQ(drawn[0].row[kRowBytes - 1], std::byte{7});
}

TEST(ReservoirBuffer, CountsDistinctIds) {
  ReservoirBuffer buffer = MakeBuffer(1, 3);
  Source source;
  REPRISE_ASSERT_OK(buffer.Insert(
      {source.Make(0, 5), source.Make(0, 5), source.Make(0, 6)}, 0, 0));
  EXPECT_THAT(buffer.State().unique, ElementsAre(2));
  EXPECT_THAT(buffer.State().stored, ElementsAre(3));
}

// Algorithm R over plain containers, step after step.
TEST(ReservoirBuffer, EqualsTheNaiveReservoirOverATrainingRun) {
  constexpr int64_t kClasses = 7, kCapacity = 21;
  ReservoirBuffer buffer = MakeBuffer(kClasses, 3, 9, /*rank=*/3);
  std::vector<int64_t> naive, class_count(kClasses);
  int64_t offered = 0;
  PhiloxStream choice({9, Purpose::kTest, 0, 0, 0});
  for (int64_t s = 0; s < 300; ++s) {
    const int64_t task = s / 110, step = s % 110;
    Source source;
    std::vector<Sample> candidates;
    for (uint64_t n = choice.NextBelow(15); n > 0; --n) {
      const auto label = static_cast<int32_t>(2 * task + choice.NextBelow(3));
      candidates.push_back(
          source.Make(label, offered + static_cast<int64_t>(n)));
    }
    PhiloxStream slots({9, Purpose::kReservoir, static_cast<uint32_t>(task),
                        static_cast<uint32_t>(step), 3});
    for (const Sample& candidate : candidates) {
      ++offered;
      ++class_count[candidate.label];
      if (offered <= kCapacity) {
        naive.push_back(candidate.id);
        continue;
      }
      const uint64_t slot = slots.NextBelow(offered);
      if (slot < kCapacity) naive[slot] = candidate.id;
    }
    REPRISE_ASSERT_OK(buffer.Insert(candidates, task, step));
    REPRISE_ASSERT_OK_AND_ASSIGN(const std::vector<Sample> all,
                                 buffer.Sample(kCapacity, task, step));
    for (const Sample& sample : all) ExpectBound(sample);
    ASSERT_THAT(IdsOf(all), ::testing::UnorderedElementsAreArray(naive));
    ASSERT_EQ(buffer.State().class_count, class_count);
  }
}

TEST(ReservoirBuffer, SeedRankTaskAndStepEachChangeWhatIsKept) {
  Source source;
  const std::vector<Sample> candidates = source.Make(0, 0, 100);
  const auto kept = [&](uint64_t seed, int rank, int64_t task, int64_t step) {
    ReservoirBuffer buffer = MakeBuffer(1, 20, seed, rank);
    EXPECT_THAT(buffer.Insert(candidates, task, step), IsOk());
    const std::vector<int64_t> ids = IdsOf(buffer.Sample(20, 9, 9).value());
    return std::set<int64_t>(ids.begin(), ids.end());
  };
  const std::set<int64_t> first = kept(1, 0, 0, 1);
  EXPECT_EQ(first, kept(1, 0, 0, 1));
  EXPECT_NE(first, kept(2, 0, 0, 1));
  EXPECT_NE(first, kept(1, 1, 0, 1));
  EXPECT_NE(first, kept(1, 0, 1, 1));
  EXPECT_NE(first, kept(1, 0, 0, 2));
}

// Bounds are the 1e-5 quantiles of chi-square; the seeds are fixed, so these
// tests pass or fail for good.

TEST(ReservoirBuffer, KeepsEveryCandidateEverOfferedEquallyOften) {
  // 64 candidates in steps of 7, unequal classes, over two tasks; 12 are kept.
  constexpr int64_t kOffered = 64, kSeeds = 6000;
  Source source;
  std::vector<std::vector<Sample>> steps;
  for (int64_t id = 0; id < kOffered; ++id) {
    if (id % 7 == 0) steps.emplace_back();
    steps.back().push_back(source.Make(id < 5 ? 0 : id < 30 ? 1 : 2, id));
  }
  std::vector<int64_t> kept(kOffered);
  for (uint64_t seed = 0; seed < kSeeds; ++seed) {
    ReservoirBuffer buffer = MakeBuffer(3, 4, seed);
    for (size_t s = 0; s < steps.size(); ++s) {
      REPRISE_ASSERT_OK(buffer.Insert(steps[s], s / 5, s % 5));
    }
    REPRISE_ASSERT_OK_AND_ASSIGN(const std::vector<Sample> all,
                                 buffer.Sample(kOffered, 2, 0));
    std::set<int64_t> different;
    for (const Sample& sample : all) {
      ++kept[sample.id];
      different.insert(sample.id);
    }
    ASSERT_EQ(different.size(), 12u);
  }
  // 63 degrees of freedom; drawn without replacement the counts vary less.
  EXPECT_LT(ChiSquare(kept), 122.0);
}

TEST(ReservoirBuffer, DrawsEveryStoredSampleEquallyOftenAlsoTheFirst) {
  ReservoirBuffer buffer = MakeBuffer(2, 10);
  Source source;
  REPRISE_ASSERT_OK(buffer.Insert(source.Make(0, 0, 2), 0, 0));
  REPRISE_ASSERT_OK(buffer.Insert(source.Make(1, 2, 18), 0, 1));
  std::vector<int64_t> drawn_count(20);
  for (int64_t step = 0; step < 4000; ++step) {
    REPRISE_ASSERT_OK_AND_ASSIGN(const std::vector<Sample> drawn,
                                 buffer.Sample(3, 1, step));
    std::set<int64_t> different;
    for (const Sample& sample : drawn) {
      ++drawn_count[sample.id];
      different.insert(sample.id);
    }
    ASSERT_EQ(different.size(), 3u);
  }
  EXPECT_LT(ChiSquare(drawn_count), 57.0);  // 19 degrees of freedom
}

TEST(ReservoirBufferDeathTest, RefusesALabelItHasNoClassFor) {
  ReservoirBuffer buffer = MakeBuffer(2, 5);
  Source source;
  const std::vector<Sample> candidates = source.Make(2, 0, 1);
  EXPECT_DEATH((void)buffer.Insert(candidates, 0, 0), "label 2 of 2");
}

}  // namespace
}  // namespace reprise
