// What whole courses of a rehearsal buffer have in common with the naive ones,
// with each other at any number of ranks, and with the contract.
#include <algorithm>
#include <cstdint>
#include <functional>
#include <memory>
#include <numeric>
#include <string>
#include <utility>
#include <vector>

#include "absl/time/time.h"
#include "core/buffer/testing/buffer_samples.h"
#include "core/comm/decorators/delaying_transport.h"
#include "core/comm/transport.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/conformance/rehearsal_buffer/histories.h"

namespace reprise {
namespace {

using ::testing::IsEmpty;

int64_t Sum(const std::vector<int64_t>& values) {
  return std::accumulate(values.begin(), values.end(), int64_t{0});
}

TEST_P(RehearsalBufferConformance, AloneEqualsTheReferenceOfItsRank) {
  RehearsalBufferOptions options = Options();
  options.rank = 3;
  EXPECT_EQ(Merge({RunOnRank(options, nullptr)}), ReferenceOf(options));
}

TEST_P(RehearsalBufferConformance, EqualsTheReferenceOverTwoThousandSteps) {
  RehearsalBufferOptions options = Options();
  options.num_classes = 7;
  options.capacity_per_class = is_reservoir() ? 3 : 40;
  options.representatives = 25;
  options.seed = 9;
  const Course course = {2000};
  BufferStats expected;
  const History reference = ReferenceOf(options, course, &expected);
  const RankHistory alone = RunOnRank(options, nullptr, course);
  EXPECT_EQ(Merge({alone}), reference);
  EXPECT_EQ(alone.end.class_count, expected.class_count);
  EXPECT_EQ(alone.end.stored, expected.stored);
  EXPECT_EQ(alone.end.unique, expected.unique);
  EXPECT_EQ(alone.end.bytes, expected.bytes);
}

TEST_P(RehearsalBufferConformance,
       SharedEqualsTheReferenceOfAllWhateverTheRanks) {
  const History reference = ReferenceOf(Options());
  const RankHistory alone = RunOnRank(Options(), nullptr);
  EXPECT_GT(alone.end.mean_age_steps, 0);
  EXPECT_LT(alone.end.mean_age_steps, Course().steps);
  for (const int world_size : {1, 2, 3, 4, 7}) {
    const std::vector<RankHistory> ranks = RunOnRanks(world_size, Options());
    EXPECT_EQ(Merge(ranks), reference) << world_size << " ranks";
    int64_t stored = 0;
    for (int rank = 0; rank < world_size; ++rank) {
      const BufferStats& end = ranks[rank].end;
      EXPECT_EQ(end.stored_by_rank, ranks[0].end.stored_by_rank);
      EXPECT_EQ(end.unique, ranks[0].end.unique);
      EXPECT_EQ(end.unique_by_rank, ranks[0].end.unique_by_rank);
      EXPECT_LE(end.unique_by_rank[rank], end.stored_by_rank[rank]);
      EXPECT_EQ(end.unique_by_rank[rank] > 0, end.stored_by_rank[rank] > 0);
      EXPECT_EQ(end.bytes, 3 * 7 * kRowBytes);
      EXPECT_EQ(end.mean_age_steps, alone.end.mean_age_steps);
      stored += end.stored_by_rank[rank];
    }
    EXPECT_EQ(stored, 3 * 7);
    if (world_size == 1) {
      EXPECT_EQ(ranks[0].end.unique, alone.end.unique);
    }
  }
}

struct Edge {
  std::string name;
  std::function<void(RehearsalBufferOptions&)> set;
};

TEST_P(RehearsalBufferConformance, EqualsTheReferenceAtTheEdgesOfItsOptions) {
  using Settings = RehearsalBufferOptions;
  const std::vector<Edge> edges = {
      {"one class", [](Settings& s) { s.num_classes = 1; }},
      {"one row a class", [](Settings& s) { s.capacity_per_class = 1; }},
      {"no capacity", [](Settings& s) { s.capacity_per_class = 0; }},
      {"room for all", [](Settings& s) { s.capacity_per_class = 5000; }},
      {"more draws than rows", [](Settings& s) { s.representatives = 50; }},
      {"no draws", [](Settings& s) { s.representatives = 0; }},
      {"no candidates", [](Settings& s) { s.candidates = 0; }},
      {"one candidate", [](Settings& s) { s.candidates = 1; }},
      {"more candidates than samples", [](Settings& s) { s.candidates = 50; }},
  };
  for (const Edge& edge : edges) {
    RehearsalBufferOptions options = Options();
    edge.set(options);
    BufferStats expected;
    const History reference = ReferenceOf(options, {}, &expected);
    const RankHistory alone = RunOnRank(options, nullptr);
    EXPECT_EQ(Merge({alone}), reference) << edge.name;
    EXPECT_EQ(alone.end.class_count, expected.class_count) << edge.name;
    EXPECT_EQ(alone.end.stored, expected.stored) << edge.name;
    EXPECT_EQ(alone.end.unique, expected.unique) << edge.name;
    EXPECT_EQ(alone.end.bytes, expected.bytes) << edge.name;
    const std::vector<RankHistory> ranks = RunOnRanks(3, options);
    EXPECT_EQ(Merge(ranks), reference) << edge.name << ", 3 ranks";
    EXPECT_EQ(ranks[2].end.stored, expected.stored) << edge.name;
  }
}

// The balance of classes: none gives way to another one.
TEST_P(RehearsalBufferConformance, HoldsAsMuchAsItsPolicySaysAndNeverMore) {
  const RehearsalBufferOptions options = Options();
  const History history = Merge(RunOnRanks(2, options));
  const size_t first = is_asynchronous() ? 1 : 0;  // with a state to draw from
  for (size_t s = first; s < history.drawn.size(); ++s) {
    const std::vector<int64_t>& offered = history.class_count[s];
    const std::vector<int64_t>& stored = history.stored[s];
    if (is_reservoir()) {
      EXPECT_EQ(Sum(stored), std::min<int64_t>(3 * 7, Sum(offered)));
      for (size_t c = 0; c < 3; ++c) EXPECT_LE(stored[c], offered[c]);
    } else {
      for (size_t c = 0; c < 3; ++c) {
        EXPECT_EQ(stored[c], std::min<int64_t>(7, offered[c]));
      }
    }
    EXPECT_EQ(static_cast<int64_t>(history.drawn[s].size()),
              std::min(options.representatives, Sum(stored)));
  }
}

TEST_P(RehearsalBufferConformance, AsynchronousEqualsSynchronousOneStepLater) {
  if (!is_asynchronous()) GTEST_SKIP() << "compared from the other side";
  RehearsalBufferOptions options = Options();
  const std::vector<RankHistory> ranks = RunOnRanks(3, options);
  const History asynchronous = Merge(ranks);
  options.asynchronous = false;
  const std::vector<RankHistory> expected = RunOnRanks(3, options);
  const History synchronous = Merge(expected);
  EXPECT_THAT(asynchronous.drawn[0], IsEmpty());
  EXPECT_THAT(asynchronous.class_count[0], IsEmpty());
  for (size_t s = 1; s < asynchronous.drawn.size(); ++s) {
    EXPECT_EQ(asynchronous.drawn[s], synchronous.drawn[s - 1]) << s;
    EXPECT_EQ(asynchronous.class_count[s], synchronous.class_count[s - 1]);
    EXPECT_EQ(asynchronous.stored[s], synchronous.stored[s - 1]);
  }
  // What is kept is the same at the end.
  for (int rank = 0; rank < 3; ++rank) {
    EXPECT_EQ(ranks[rank].content, expected[rank].content) << rank;
  }
}

TEST_P(RehearsalBufferConformance, AsynchronousFirstStepsHaveNone) {
  const History history = Merge({RunOnRank(Options(), nullptr)});
  EXPECT_THAT(history.drawn[0], IsEmpty());
  EXPECT_EQ(history.drawn[1].empty(), is_asynchronous());
  EXPECT_FALSE(history.drawn[2].empty());
}

TEST_P(RehearsalBufferConformance, QuiescingAtAnyTimeChangesNothing) {
  Course course;
  course.quiesce_often = true;
  EXPECT_EQ(Merge(RunOnRanks(3, Options(), course)),
            Merge(RunOnRanks(3, Options())));
}

TEST_P(RehearsalBufferConformance, ANewOneGoesOnFromItsState) {
  Course course;
  course.replace_often = true;
  for (const int world_size : {1, 2, 3}) {
    const std::vector<RankHistory> whole = RunOnRanks(world_size, Options());
    const std::vector<RankHistory> replaced =
        RunOnRanks(world_size, Options(), course);
    EXPECT_EQ(Merge(replaced), Merge(whole)) << world_size << " ranks";
    for (int rank = 0; rank < world_size; ++rank) {
      EXPECT_EQ(replaced[rank].content, whole[rank].content) << rank;
      EXPECT_EQ(replaced[rank].end.unique, whole[rank].end.unique) << rank;
      EXPECT_EQ(replaced[rank].end.bytes_sent, whole[rank].end.bytes_sent);
    }
  }
  EXPECT_EQ(Merge({RunOnRank(Options(), nullptr, course)}),
            Merge({RunOnRank(Options(), nullptr)}));
}

TEST_P(RehearsalBufferConformance, DoesNotDependOnTimeTenTimes) {
  const std::vector<RankHistory> first = RunOnRanks(3, Options());
  for (uint32_t run = 0; run < 10; ++run) {
    const std::vector<RankHistory> delayed =
        RunOnRanks(3, Options(), {}, [run](std::unique_ptr<Transport> of_rank) {
          return MakeDelayingTransport(std::move(of_rank), run,
                                       absl::Milliseconds(2));
        });
    EXPECT_EQ(Merge(delayed), Merge(first)) << "run " << run;
    for (int rank = 0; rank < 3; ++rank) {
      EXPECT_EQ(delayed[rank].content, first[rank].content)
          << "run " << run << ", rank " << rank;
    }
  }
}

TEST_P(RehearsalBufferConformance, AnotherSeedGivesAnotherHistory) {
  RehearsalBufferOptions options = Options();
  const std::vector<RankHistory> first = RunOnRanks(2, options);
  ++options.seed;
  const std::vector<RankHistory> other = RunOnRanks(2, options);
  EXPECT_FALSE(Merge(other) == Merge(first));
  for (int rank = 0; rank < 2; ++rank) {
    EXPECT_NE(other[rank].content, first[rank].content) << "rank " << rank;
  }
}

}  // namespace
}  // namespace reprise
