#include "core/buffer/local_buffer.h"

#include <cstdint>
#include <map>
#include <set>
#include <vector>

#include "core/base/permutation.h"
#include "core/base/philox.h"
#include "core/base/sample.h"
#include "core/base/status.h"
#include "core/base/status_matchers.h"
#include "core/buffer/buffer_samples.h"
#include "core/buffer/buffer_state.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace reprise {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

LocalBuffer MakeBuffer(int64_t classes, int64_t capacity, uint64_t seed = 42,
                       int rank = 0) {
  return LocalBuffer({classes, capacity, kRowBytes, seed, rank});
}

TEST(LocalBuffer, EmptyGivesNothing) {
  LocalBuffer buffer = MakeBuffer(3, 5);
  REPRISE_ASSERT_OK_AND_ASSIGN(const std::vector<Sample> drawn,
                               buffer.Sample(20, 0, 0));
  EXPECT_THAT(drawn, IsEmpty());
  REPRISE_EXPECT_OK(buffer.Insert({}, 0, 0));
  const BufferState state = buffer.State();
  EXPECT_THAT(state.stored, ElementsAre(0, 0, 0));
  EXPECT_THAT(state.class_count, ElementsAre(0, 0, 0));
  EXPECT_EQ(state.bytes, 0);
}

TEST(LocalBuffer, WithFewerThanAskedForGivesEachOnce) {
  LocalBuffer buffer = MakeBuffer(3, 5);
  Source source;
  REPRISE_ASSERT_OK(buffer.Insert(
      {source.Make(2, 10), source.Make(0, 11), source.Make(2, 12)}, 0, 0));
  REPRISE_ASSERT_OK_AND_ASSIGN(const std::vector<Sample> drawn,
                               buffer.Sample(20, 0, 1));
  EXPECT_THAT(IdsOf(drawn), ::testing::UnorderedElementsAre(10, 11, 12));
  for (const Sample& sample : drawn) ExpectBound(sample);
}

TEST(LocalBuffer, AsksForNothingAndGetsNothing) {
  LocalBuffer buffer = MakeBuffer(1, 5);
  Source source;
  REPRISE_ASSERT_OK(buffer.Insert(source.Make(0, 0, 5), 0, 0));
  REPRISE_ASSERT_OK_AND_ASSIGN(const std::vector<Sample> drawn,
                               buffer.Sample(0, 0, 1));
  EXPECT_THAT(drawn, IsEmpty());
}

TEST(LocalBuffer, OfCapacityOneKeepsTheLastOffered) {
  LocalBuffer buffer = MakeBuffer(2, 1);
  Source source;
  for (int64_t i = 0; i < 10; ++i) {
    REPRISE_ASSERT_OK(buffer.Insert({source.Make(1, i)}, 0, i));
  }
  REPRISE_ASSERT_OK_AND_ASSIGN(const std::vector<Sample> drawn,
                               buffer.Sample(5, 0, 10));
  EXPECT_THAT(IdsOf(drawn), ElementsAre(9));
  const BufferState state = buffer.State();
  EXPECT_THAT(state.stored, ElementsAre(0, 1));
  EXPECT_THAT(state.class_count, ElementsAre(0, 10));
  EXPECT_THAT(state.unique, ElementsAre(0, 1));
  EXPECT_EQ(state.bytes, kRowBytes);
}

TEST(LocalBuffer, OfCapacityZeroCountsAndKeepsNothing) {
  LocalBuffer buffer = MakeBuffer(1, 0);
  Source source;
  REPRISE_ASSERT_OK(buffer.Insert(source.Make(0, 0, 4), 0, 0));
  EXPECT_THAT(buffer.State().class_count, ElementsAre(4));
  EXPECT_THAT(buffer.State().stored, ElementsAre(0));
}

TEST(LocalBuffer, CopiesRows) {
  LocalBuffer buffer = MakeBuffer(1, 5);
  std::vector<std::byte> row(kRowBytes, std::byte{7});
  REPRISE_ASSERT_OK(buffer.Insert({{row.data(), 0, 0}}, 0, 0));
  row.assign(kRowBytes, std::byte{0});
  REPRISE_ASSERT_OK_AND_ASSIGN(const std::vector<Sample> drawn,
                               buffer.Sample(1, 0, 1));
  EXPECT_EQ(drawn[0].row[kRowBytes - 1], std::byte{7});
}

TEST(LocalBuffer, CountsDistinctIds) {
  LocalBuffer buffer = MakeBuffer(1, 3);
  Source source;
  REPRISE_ASSERT_OK(buffer.Insert(
      {source.Make(0, 5), source.Make(0, 5), source.Make(0, 6)}, 0, 0));
  EXPECT_THAT(buffer.State().unique, ElementsAre(2));
  EXPECT_THAT(buffer.State().stored, ElementsAre(3));
}

// The same rules over plain containers: what the contract says, read naively.
class NaiveBuffer {
 public:
  NaiveBuffer(int64_t capacity, uint64_t seed, int rank)
      : capacity_(capacity), seed_(seed), rank_(rank) {}

  void Insert(const std::vector<Sample>& candidates, uint32_t task,
              uint32_t step) {
    PhiloxStream victims({seed_, Purpose::kReplacement, task, step, rank_});
    for (const Sample& candidate : candidates) {
      ++class_count[candidate.label];
      std::vector<int64_t>& ids = stored[candidate.label];
      if (static_cast<int64_t>(ids.size()) < capacity_) {
        ids.push_back(candidate.id);
      } else {
        ids[victims.NextBelow(capacity_)] = candidate.id;
      }
    }
  }

  std::vector<int64_t> Draw(int64_t count, uint32_t task, uint32_t step) {
    std::vector<int64_t> all;
    for (const auto& [label, ids] : stored) {
      all.insert(all.end(), ids.begin(), ids.end());
    }
    const std::vector<int64_t> order = RandomPermutation(
        {seed_, Purpose::kRepresentativeDraw, task, step, rank_}, all.size());
    std::vector<int64_t> drawn;
    for (int64_t i = 0; i < count && i < static_cast<int64_t>(all.size());
         ++i) {
      drawn.push_back(all[order[i]]);
    }
    return drawn;
  }

  std::map<int32_t, std::vector<int64_t>> stored;
  std::map<int32_t, int64_t> class_count;

 private:
  int64_t capacity_;
  uint64_t seed_;
  uint32_t rank_;
};

TEST(LocalBuffer, EqualsTheNaiveBufferOverTwoThousandSteps) {
  constexpr int64_t kClasses = 7, kCapacity = 40;
  LocalBuffer buffer = MakeBuffer(kClasses, kCapacity, 9, /*rank=*/3);
  NaiveBuffer naive(kCapacity, 9, 3);
  PhiloxStream choice({9, Purpose::kTest, 0, 0, 0});
  for (int64_t s = 0; s < 2000; ++s) {
    const int64_t task = s / 700, step = s % 700;
    const int64_t count = static_cast<int64_t>(choice.NextBelow(25));
    REPRISE_ASSERT_OK_AND_ASSIGN(const std::vector<Sample> drawn,
                                 buffer.Sample(count, task, step));
    ASSERT_EQ(IdsOf(drawn), naive.Draw(count, task, step)) << "step " << s;
    for (const Sample& sample : drawn) ExpectBound(sample);

    Source source;
    std::vector<Sample> candidates;
    for (uint64_t n = choice.NextBelow(15); n > 0; --n) {
      // Later tasks bring later classes; ids repeat.
      const auto label = static_cast<int32_t>(2 * task + choice.NextBelow(3));
      candidates.push_back(
          source.Make(label, static_cast<int64_t>(choice.NextBelow(100))));
    }
    REPRISE_ASSERT_OK(buffer.Insert(candidates, task, step));
    naive.Insert(candidates, task, step);
    const BufferState state = buffer.State();
    int64_t bytes = 0;
    for (int32_t c = 0; c < kClasses; ++c) {
      const std::vector<int64_t>& ids = naive.stored[c];
      ASSERT_EQ(state.class_count[c], naive.class_count[c]);
      ASSERT_EQ(state.stored[c], static_cast<int64_t>(ids.size()));
      ASSERT_EQ(state.unique[c],
                static_cast<int64_t>(
                    std::set<int64_t>(ids.begin(), ids.end()).size()));
      bytes += static_cast<int64_t>(ids.size()) * kRowBytes;
    }
    ASSERT_EQ(state.bytes, bytes);
  }
}

TEST(LocalBuffer, SeedRankTaskAndStepEachChangeTheDraw) {
  Source source;
  const std::vector<Sample> candidates = source.Make(0, 0, 100);
  const auto draw = [&](uint64_t seed, int rank, int64_t task, int64_t step) {
    LocalBuffer buffer = MakeBuffer(1, 100, seed, rank);
    EXPECT_THAT(buffer.Insert(candidates, 0, 0), IsOk());
    return IdsOf(buffer.Sample(20, task, step).value());
  };
  const std::vector<int64_t> first = draw(1, 0, 0, 1);
  EXPECT_EQ(first, draw(1, 0, 0, 1));
  EXPECT_NE(first, draw(2, 0, 0, 1));
  EXPECT_NE(first, draw(1, 1, 0, 1));
  EXPECT_NE(first, draw(1, 0, 1, 1));
  EXPECT_NE(first, draw(1, 0, 0, 2));
}

// Bounds are the 1e-5 quantiles of chi-square; the seeds are fixed, so these
// tests pass or fail for good.

TEST(LocalBuffer, DrawsEveryStoredSampleEquallyOftenAlsoTheFirst) {
  // Unequal classes: 1, 9 and 30 of 40.
  std::vector<int64_t> drawn_count(40);
  Source source;
  std::vector<Sample> candidates = source.Make(0, 0, 1);
  for (const Sample& s : source.Make(1, 1, 9)) candidates.push_back(s);
  for (const Sample& s : source.Make(2, 10, 30)) candidates.push_back(s);
  for (uint64_t seed = 0; seed < 4000; ++seed) {
    LocalBuffer buffer = MakeBuffer(3, 30, seed);
    REPRISE_ASSERT_OK(buffer.Insert(candidates, 0, 0));
    REPRISE_ASSERT_OK_AND_ASSIGN(const std::vector<Sample> drawn,
                                 buffer.Sample(7, 0, 1));
    std::set<int64_t> different;
    for (const Sample& sample : drawn) {
      ++drawn_count[sample.id];
      different.insert(sample.id);
    }
    ASSERT_EQ(different.size(), 7u);
  }
  EXPECT_GT(drawn_count[0], 0);
  EXPECT_LT(ChiSquare(drawn_count), 88.0);  // 39 degrees of freedom
}

TEST(LocalBuffer, FirstOfADrawIsUniformOverTheSteps) {
  LocalBuffer buffer = MakeBuffer(1, 20);
  Source source;
  REPRISE_ASSERT_OK(buffer.Insert(source.Make(0, 0, 20), 0, 0));
  std::vector<int64_t> first_count(20);
  for (int64_t step = 0; step < 10000; ++step) {
    REPRISE_ASSERT_OK_AND_ASSIGN(const std::vector<Sample> drawn,
                                 buffer.Sample(1, 0, step));
    ++first_count[drawn[0].id];
  }
  EXPECT_LT(ChiSquare(first_count), 57.0);  // 19 degrees of freedom
}

TEST(LocalBuffer, ReplacesEveryStoredSampleEquallyOften) {
  Source source;
  const std::vector<Sample> first = source.Make(0, 0, 25);
  const std::vector<Sample> late = source.Make(0, 100, 1);
  std::vector<int64_t> replaced(25);
  for (uint64_t seed = 0; seed < 10000; ++seed) {
    LocalBuffer buffer = MakeBuffer(1, 25, seed);
    REPRISE_ASSERT_OK(buffer.Insert(first, 0, 0));
    REPRISE_ASSERT_OK(buffer.Insert(late, 0, 1));
    REPRISE_ASSERT_OK_AND_ASSIGN(const std::vector<Sample> all,
                                 buffer.Sample(25, 0, 2));
    std::set<int64_t> kept;
    for (const Sample& sample : all) kept.insert(sample.id);
    ASSERT_TRUE(kept.count(100));
    for (int64_t id = 0; id < 25; ++id) replaced[id] += !kept.count(id);
  }
  EXPECT_LT(ChiSquare(replaced), 66.0);  // 24 degrees of freedom
}

TEST(LocalBuffer, RetainsEarlySamplesEquallyOftenAfterManyReplacements) {
  Source source;
  std::vector<int64_t> kept(20);
  std::vector<std::vector<Sample>> steps;
  for (int64_t s = 0; s < 10; ++s) steps.push_back(source.Make(0, s * 4, 4));
  for (uint64_t seed = 0; seed < 4000; ++seed) {
    LocalBuffer buffer = MakeBuffer(1, 20, seed);
    for (int64_t s = 0; s < 10; ++s) {
      REPRISE_ASSERT_OK(buffer.Insert(steps[s], 0, s));
    }
    REPRISE_ASSERT_OK_AND_ASSIGN(const std::vector<Sample> all,
                                 buffer.Sample(20, 0, 10));
    for (const Sample& sample : all) {
      if (sample.id < 20) ++kept[sample.id];
    }
  }
  // Each of the first 20 survives 20 replacements with (1 - 1/20)^20 = 0.358.
  double share = 0;
  for (const int64_t count : kept) share += count / (20.0 * 4000);
  EXPECT_NEAR(share, 0.3585, 0.01);
  EXPECT_LT(ChiSquare(kept), 57.0);  // 19 degrees of freedom
}

TEST(LocalBufferOptions, NameEveryProblem) {
  const LocalBufferOptions options{0, -1, 0, 42, -2};
  const absl::Status status = options.Validate();
  EXPECT_THAT(status, ExitsWith(ExitCode::kUsage));
  EXPECT_THAT(status, FailsWith("number of classes must be >= 1, found 0"));
  EXPECT_THAT(status, FailsWith("num_representatives must be >= 0, found -1"));
  EXPECT_THAT(status, FailsWith("row bytes must be >= 1, found 0"));
  EXPECT_THAT(status, FailsWith("rank must be >= 0, found -2"));
}

TEST(LocalBufferDeathTest, RefusesALabelItHasNoClassFor) {
  LocalBuffer buffer = MakeBuffer(2, 5);
  Source source;
  const std::vector<Sample> candidates = source.Make(2, 0, 1);
  EXPECT_DEATH((void)buffer.Insert(candidates, 0, 0), "label 2 of 2");
}

}  // namespace
}  // namespace reprise
