#include "core/buffer/rehearsal_buffer.h"

#include <algorithm>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "core/base/philox.h"
#include "core/base/sample.h"
#include "core/base/slices.h"
#include "core/base/status.h"
#include "core/base/status_matchers.h"
#include "core/buffer/buffer_samples.h"
#include "core/buffer/candidate_selection.h"
#include "core/buffer/local_buffer.h"
#include "core/buffer/reservoir_buffer.h"
#include "core/comm/communicator.h"
#include "core/comm/decorators/delaying_transport.h"
#include "core/comm/in_process/ranks_as_threads.h"
#include "core/comm/transport.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace reprise {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

constexpr int64_t kClasses = 3;
constexpr int64_t kSteps = 120;

RehearsalBufferOptions Options() {
  RehearsalBufferOptions options;
  options.num_classes = kClasses;
  options.capacity_per_class = 7;
  options.row_bytes = kRowBytes;
  options.candidates = 5;
  options.representatives = 8;
  return options;
}

// What comes in over all ranks: 0 to 11 samples a step in two tasks, of which
// the first lacks a class.
std::vector<Sample> Incoming(int64_t task, int64_t step, Source& source) {
  PhiloxStream stream({1, Purpose::kTest, static_cast<uint32_t>(task),
                       static_cast<uint32_t>(step), 0});
  std::vector<Sample> samples;
  const int64_t count = static_cast<int64_t>(stream.NextBelow(12));
  for (int64_t i = 0; i < count; ++i) {
    const int32_t label =
        static_cast<int32_t>(stream.NextBelow(task == 0 ? 2 : kClasses));
    // Some come in again.
    samples.push_back(source.Make(
        label, 1000 * label + static_cast<int64_t>(stream.NextBelow(200))));
  }
  return samples;
}

struct StepPlace {
  int64_t task, step;
};

std::vector<StepPlace> Places() {
  std::vector<StepPlace> places;
  for (int64_t i = 0; i < kSteps; ++i) {
    places.push_back({i / (kSteps / 2), i % (kSteps / 2)});
  }
  return places;
}

// By step: ids in the order of the whole draw, and the state drawn from.
struct History {
  std::vector<std::vector<int64_t>> drawn, class_count, stored;

  bool operator==(const History& other) const {
    return drawn == other.drawn && class_count == other.class_count &&
           stored == other.stored;
  }
};

// What a rank saw: of its own draws.
struct RankHistory {
  std::vector<std::map<int64_t, int64_t>> drawn;  // id by draw
  std::vector<std::vector<int64_t>> class_count, stored;
  BufferState end;
  uint64_t content = 0;  // its digest, at the end
};

RankHistory RunOnRank(const RehearsalBufferOptions& options,
                      Communicator* communicator, bool settle_often = false) {
  const int rank = communicator == nullptr ? 0 : communicator->rank();
  const int world_size =
      communicator == nullptr ? 1 : communicator->world_size();
  RehearsalBuffer buffer(options, communicator);
  RankHistory history;
  // Kept until the buffer has taken their candidates in.
  Source source;
  for (const StepPlace& place : Places()) {
    const std::vector<Sample> all = Incoming(place.task, place.step, source);
    const int64_t count = static_cast<int64_t>(all.size());
    RehearsalStep step{place.task, place.step, {}, count};
    const int64_t begin = SliceBegin(count, rank, world_size);
    step.incoming.assign(
        all.begin() + begin,
        all.begin() + begin + SliceSize(count, rank, world_size));
    absl::StatusOr<Representatives> given = buffer.BeginStep(step);
    REPRISE_EXPECT_OK(given.status());
    if (!given.ok()) return history;
    history.drawn.emplace_back();
    for (size_t i = 0; i < given->samples.size(); ++i) {
      ExpectBound(given->samples[i]);
      EXPECT_EQ(given->draws[i] % world_size, rank);
      history.drawn.back()[given->draws[i]] = given->samples[i].id;
    }
    history.class_count.push_back(given->class_count);
    history.stored.push_back(given->stored);
    REPRISE_EXPECT_OK(buffer.EndStep());
    if (settle_often && place.step % 3 == 0) {
      REPRISE_EXPECT_OK(buffer.Settle());
      REPRISE_EXPECT_OK(buffer.Settle());
    }
  }
  REPRISE_EXPECT_OK(buffer.Settle());
  history.end = buffer.State();
  history.content = *buffer.ContentDigest();
  return history;
}

std::vector<RankHistory> RunOnRanks(
    int world_size, const RehearsalBufferOptions& options,
    const TransportDecorator& decorator = nullptr, bool settle_often = false) {
  std::vector<RankHistory> ranks(world_size);
  RunRanksAsThreads(
      world_size,
      [&](Communicator& communicator) {
        ranks[communicator.rank()] =
            RunOnRank(options, &communicator, settle_often);
      },
      decorator);
  return ranks;
}

History Merge(const std::vector<RankHistory>& ranks) {
  History merged;
  for (int64_t s = 0; s < kSteps; ++s) {
    std::map<int64_t, int64_t> drawn;
    for (const RankHistory& rank : ranks) {
      EXPECT_EQ(rank.class_count[s], ranks[0].class_count[s]);
      EXPECT_EQ(rank.stored[s], ranks[0].stored[s]);
      drawn.insert(rank.drawn[s].begin(), rank.drawn[s].end());
    }
    std::vector<int64_t> ids;
    for (const auto& [draw, id] : drawn) {
      EXPECT_EQ(draw, static_cast<int64_t>(ids.size()));
      ids.push_back(id);
    }
    merged.drawn.push_back(ids);
    merged.class_count.push_back(ranks[0].class_count[s]);
    merged.stored.push_back(ranks[0].stored[s]);
  }
  return merged;
}

// The same by a buffer of one process, which the draws do not go through.
template <typename Buffer>
History Reference(const RehearsalBufferOptions& options) {
  Buffer buffer({options.num_classes, options.capacity_per_class,
                 options.row_bytes, options.seed, options.rank});
  History history;
  Source source;
  const auto note = [&](std::vector<int64_t> ids, const BufferState& state) {
    history.drawn.push_back(std::move(ids));
    history.class_count.push_back(state.class_count);
    history.stored.push_back(state.stored);
  };
  if (options.asynchronous) note({}, {});
  for (const StepPlace& place : Places()) {
    const absl::StatusOr<std::vector<Sample>> drawn =
        buffer.Sample(options.representatives, place.task, place.step);
    REPRISE_EXPECT_OK(drawn.status());
    note(IdsOf(*drawn), buffer.State());
    const std::vector<Sample> all = Incoming(place.task, place.step, source);
    const int64_t count = static_cast<int64_t>(all.size());
    std::vector<Sample> candidates;
    if (options.candidates.has_value()) {
      for (const int64_t i :
           SelectCandidates(count, *options.candidates,
                            {options.seed, Purpose::kCandidateDraw,
                             static_cast<uint32_t>(place.task),
                             static_cast<uint32_t>(place.step),
                             static_cast<uint32_t>(options.rank)})) {
        candidates.push_back(all[i]);
      }
    } else {
      candidates = all;
    }
    REPRISE_EXPECT_OK(buffer.Insert(candidates, place.task, place.step));
  }
  for (auto* of_steps :
       {&history.drawn, &history.class_count, &history.stored}) {
    of_steps->resize(kSteps);
  }
  return history;
}

History ReferenceOf(const RehearsalBufferOptions& options) {
  return options.policy == BufferPolicy::kReservoir
             ? Reference<ReservoirBuffer>(options)
             : Reference<LocalBuffer>(options);
}

struct Kind {
  BufferPolicy policy;
  bool asynchronous;
};

class RehearsalBufferOfKind : public testing::TestWithParam<Kind> {
 protected:
  RehearsalBufferOptions Options() const {
    RehearsalBufferOptions options = reprise::Options();
    options.policy = GetParam().policy;
    options.asynchronous = GetParam().asynchronous;
    if (options.policy == BufferPolicy::kReservoir) {
      options.candidates = std::nullopt;
    }
    return options;
  }
};

INSTANTIATE_TEST_SUITE_P(
    Kinds, RehearsalBufferOfKind,
    testing::Values(Kind{BufferPolicy::kClassBalanced, false},
                    Kind{BufferPolicy::kClassBalanced, true},
                    Kind{BufferPolicy::kReservoir, false},
                    Kind{BufferPolicy::kReservoir, true}),
    [](const testing::TestParamInfo<Kind>& info) {
      return absl::StrCat(info.param.policy == BufferPolicy::kReservoir
                              ? "reservoir"
                              : "class_balanced",
                          info.param.asynchronous ? "_async" : "_sync");
    });

TEST_P(RehearsalBufferOfKind, AloneEqualsTheReferenceOfItsRank) {
  RehearsalBufferOptions options = Options();
  options.rank = 3;
  EXPECT_EQ(Merge({RunOnRank(options, nullptr)}), ReferenceOf(options));
}

TEST_P(RehearsalBufferOfKind, SharedEqualsTheReferenceOfAllWhateverTheRanks) {
  const History reference = ReferenceOf(Options());
  const RankHistory alone = RunOnRank(Options(), nullptr);
  EXPECT_GT(alone.end.mean_age_steps, 0);
  EXPECT_LT(alone.end.mean_age_steps, kSteps);
  for (const int world_size : {1, 2, 3, 4, 7}) {
    const std::vector<RankHistory> ranks = RunOnRanks(world_size, Options());
    EXPECT_EQ(Merge(ranks), reference) << world_size << " ranks";
    int64_t stored = 0;
    for (int rank = 0; rank < world_size; ++rank) {
      const BufferState& end = ranks[rank].end;
      EXPECT_EQ(end.stored_by_rank, ranks[0].end.stored_by_rank);
      EXPECT_EQ(end.unique, ranks[0].end.unique);
      EXPECT_EQ(end.unique_by_rank, ranks[0].end.unique_by_rank);
      EXPECT_LE(end.unique_by_rank[rank], end.stored_by_rank[rank]);
      EXPECT_EQ(end.unique_by_rank[rank] > 0, end.stored_by_rank[rank] > 0);
      EXPECT_EQ(end.bytes, kClasses * 7 * kRowBytes);
      EXPECT_EQ(end.mean_age_steps, alone.end.mean_age_steps);
      stored += end.stored_by_rank[rank];
    }
    EXPECT_EQ(stored, kClasses * 7);
    if (world_size == 1) {
      EXPECT_EQ(ranks[0].end.unique, alone.end.unique);
    }
  }
}

TEST_P(RehearsalBufferOfKind, AsynchronousFirstStepsHaveNone) {
  const History history = Merge({RunOnRank(Options(), nullptr)});
  EXPECT_THAT(history.drawn[0], IsEmpty());
  EXPECT_EQ(history.drawn[1].empty(), GetParam().asynchronous);
  EXPECT_FALSE(history.drawn[2].empty());
}

TEST_P(RehearsalBufferOfKind, SettlingAtAnyTimeChangesNothing) {
  EXPECT_EQ(Merge(RunOnRanks(3, Options(), nullptr, /*settle_often=*/true)),
            Merge(RunOnRanks(3, Options())));
}

TEST_P(RehearsalBufferOfKind, DoesNotDependOnTimeTenTimes) {
  const std::vector<RankHistory> first = RunOnRanks(3, Options());
  for (uint32_t run = 0; run < 10; ++run) {
    const std::vector<RankHistory> delayed =
        RunOnRanks(3, Options(), [run](std::unique_ptr<Transport> transport) {
          return MakeDelayingTransport(std::move(transport), run,
                                       absl::Milliseconds(2));
        });
    EXPECT_EQ(Merge(delayed), Merge(first)) << "run " << run;
    for (int rank = 0; rank < 3; ++rank) {
      EXPECT_EQ(delayed[rank].content, first[rank].content)
          << "run " << run << ", rank " << rank;
    }
  }
}

TEST_P(RehearsalBufferOfKind, AnotherSeedGivesAnotherHistory) {
  RehearsalBufferOptions options = Options();
  const std::vector<RankHistory> first = RunOnRanks(2, options);
  ++options.seed;
  const std::vector<RankHistory> other = RunOnRanks(2, options);
  EXPECT_FALSE(Merge(other) == Merge(first));
  for (int rank = 0; rank < 2; ++rank) {
    EXPECT_NE(other[rank].content, first[rank].content) << "rank " << rank;
  }
}

// Of a buffer that met `samples`, one a step.
uint64_t ContentAfter(const std::vector<Sample>& samples) {
  RehearsalBufferOptions options = Options();
  options.candidates = std::nullopt;
  RehearsalBuffer buffer(options, nullptr);
  int64_t s = 0;
  for (const Sample& sample : samples) {
    REPRISE_EXPECT_OK(buffer.BeginStep({0, s++, {sample}, 1}).status());
    REPRISE_EXPECT_OK(buffer.EndStep());
  }
  return *buffer.ContentDigest();
}

TEST(RehearsalBuffer, AnyChangeOfItsContentChangesItsDigest) {
  std::byte row[kRowBytes] = {}, other_row[kRowBytes] = {};
  other_row[kRowBytes - 1] = std::byte{1};
  const Sample first{row, 0, 1}, second{row, 0, 2};
  const uint64_t digest = ContentAfter({first, second});
  EXPECT_EQ(ContentAfter({first, second}), digest);
  EXPECT_NE(ContentAfter({}), digest);
  EXPECT_NE(ContentAfter({first}), digest);
  EXPECT_NE(ContentAfter({second, first}), digest);
  EXPECT_NE(ContentAfter({first, {other_row, 0, 2}}), digest);
  EXPECT_NE(ContentAfter({first, {row, 0, 3}}), digest);
  EXPECT_NE(ContentAfter({first, {row, 1, 2}}), digest);
}

// A buffer of 12 samples of 2 classes over `world_size` ranks, then `steps`
// draws of 3, none offered: how often each id is drawn, and to which rank.
struct DrawCounts {
  std::vector<int64_t> by_id, by_rank;
};

DrawCounts CountDraws(int world_size, int64_t steps) {
  std::vector<DrawCounts> counts(world_size);
  RunRanksAsThreads(world_size, [&](Communicator& communicator) {
    RehearsalBufferOptions options;
    options.num_classes = 2;
    options.capacity_per_class = 6;
    options.row_bytes = kRowBytes;
    options.candidates = 12;
    options.representatives = 3;
    RehearsalBuffer buffer(options, &communicator);
    DrawCounts& mine = counts[communicator.rank()];
    mine.by_id.resize(12);
    Source source;
    for (int64_t s = 0; s <= steps; ++s) {
      RehearsalStep step{0, s, {}, s == 0 ? 12 : 0};
      if (s == 0) {
        const int64_t begin = SliceBegin(12, communicator.rank(), world_size);
        for (int64_t i = 0; i < SliceSize(12, communicator.rank(), world_size);
             ++i) {
          step.incoming.push_back(
              source.Make(static_cast<int32_t>((begin + i) % 2), begin + i));
        }
      }
      const absl::StatusOr<Representatives> given = buffer.BeginStep(step);
      REPRISE_EXPECT_OK(given.status());
      for (const Sample& sample : given->samples) ++mine.by_id[sample.id];
      REPRISE_EXPECT_OK(buffer.EndStep());
    }
  });
  DrawCounts all;
  all.by_id.resize(12);
  for (const DrawCounts& rank : counts) {
    int64_t drawn = 0;
    for (size_t id = 0; id < 12; ++id) {
      all.by_id[id] += rank.by_id[id];
      drawn += rank.by_id[id];
    }
    all.by_rank.push_back(drawn);
  }
  return all;
}

TEST(RehearsalBuffer, DrawsFromAllRanksAndSlotsEquallyOftenAlsoTheFirst) {
  for (const int world_size : {2, 3, 4}) {
    const DrawCounts counts = CountDraws(world_size, 4000);
    // 11 degrees of freedom; sampling without replacement varies less.
    EXPECT_LT(ChiSquare(counts.by_id), 38.0) << world_size << " ranks";
    EXPECT_GT(counts.by_id[0], 0);
    int64_t drawn = 0;
    for (const int64_t count : counts.by_rank) drawn += count;
    EXPECT_EQ(drawn, 3 * 4000);
  }
}

TEST(RehearsalBuffer, WithFewerThanAskedForGivesEachOnceOverAllRanks) {
  RunRanksAsThreads(3, [](Communicator& communicator) {
    RehearsalBufferOptions options = Options();
    options.representatives = 50;
    options.candidates = 50;
    RehearsalBuffer buffer(options, &communicator);
    Source source;
    const int rank = communicator.rank();
    // All of rank 0 and none of the others.
    RehearsalStep step{0, 0, {}, 1};
    if (rank == 0) step.incoming = {source.Make(1, 77)};
    REPRISE_EXPECT_OK(buffer.BeginStep(step).status());
    REPRISE_EXPECT_OK(buffer.EndStep());
    const absl::StatusOr<Representatives> given =
        buffer.BeginStep({0, 1, {}, 0});
    REPRISE_EXPECT_OK(given.status());
    if (rank == 0) {
      EXPECT_THAT(IdsOf(given->samples), ElementsAre(77));
    } else {
      EXPECT_THAT(given->samples, IsEmpty());
    }
    EXPECT_THAT(given->stored, ElementsAre(0, 1, 0));
    EXPECT_THAT(given->class_count, ElementsAre(0, 1, 0));
  });
}

// The rows of rank 1 only, so what the others are given went over the wire.
TEST(RehearsalBuffer, SendsTheBytesOfItsFormula) {
  RunRanksAsThreads(2, [](Communicator& communicator) {
    RehearsalBufferOptions options = Options();
    options.capacity_per_class = 2;
    options.candidates = 2;
    options.representatives = 3;
    RehearsalBuffer buffer(options, &communicator);
    Source source;
    const int64_t header = 16 + 8;  // at most two labels, rounded up
    for (int64_t s = 0; s < 3; ++s) {
      RehearsalStep step{0, s, {}, 2};
      step.incoming = {source.Make(static_cast<int32_t>(communicator.rank()),
                                   10 * s + communicator.rank())};
      const int64_t before = buffer.State().bytes_sent;
      const absl::StatusOr<Representatives> given = buffer.BeginStep(step);
      REPRISE_EXPECT_OK(given.status());
      int64_t rows = 0;  // of this rank that the other one is given
      std::vector<int64_t> from_here(2), all(4);
      for (const Sample& sample : given->samples) ++from_here[sample.label];
      REPRISE_EXPECT_OK(
          communicator.AllGather(from_here.data(), 16, all.data())->Wait());
      rows = all[2 * (1 - communicator.rank()) + communicator.rank()];
      EXPECT_EQ(buffer.State().bytes_sent - before,
                header + rows * (8 + kRowBytes));
      REPRISE_EXPECT_OK(buffer.EndStep());
    }
    EXPECT_GT(buffer.State().bytes_sent, 3 * header);
  });
}

// Six steps of one class on a rank, or until one fails.
absl::Status OfferOneClass(const RehearsalBufferOptions& options, int64_t task,
                           int64_t incoming, Communicator& communicator) {
  RehearsalBuffer buffer(options, &communicator);
  Source source;
  absl::Status status;
  for (int64_t s = 0; s < 6 && status.ok(); ++s) {
    RehearsalStep step{task, s, {}, incoming * communicator.world_size()};
    step.incoming = source.Make(1, incoming * s, incoming);
    status = buffer.BeginStep(step).status();
    if (status.ok()) status = buffer.EndStep();
  }
  return status;
}

TEST(RehearsalBuffer, RanksThatDifferEndTheRun) {
  RunFailingRanksAsThreads(2, [](Communicator& communicator) {
    RehearsalBufferOptions options = Options();
    options.representatives = 0;
    // From the second offer of a class on they store differently.
    options.capacity_per_class = communicator.rank() == 0 ? 1 : 2;
    const absl::Status status = OfferOneClass(options, 4, 1, communicator);
    EXPECT_THAT(status, ExitsWith(ExitCode::kDistributed));
    EXPECT_THAT(status,
                FailsWith("the rehearsal buffer differs between rank 0 (task "
                          "5, step 2, digest "));
    EXPECT_TRUE(IsSharedByAllRanks(status));
  });
}

TEST(RehearsalBuffer, RanksThatDisagreeOnSizesEndTheRunToo) {
  RunFailingRanksAsThreads(2, [](Communicator& communicator) {
    RehearsalBufferOptions options = Options();
    options.candidates = 8;
    options.capacity_per_class = communicator.rank() == 0 ? 1 : 4;
    const absl::Status status = OfferOneClass(options, 0, 4, communicator);
    EXPECT_THAT(status, ExitsWith(ExitCode::kDistributed));
    EXPECT_THAT(status, FailsWith("rehearsal"));
  });
}

TEST(RehearsalBuffer, OfCapacityZeroCountsAndKeepsNothing) {
  RehearsalBufferOptions options = Options();
  options.capacity_per_class = 0;
  const RankHistory history = RunOnRank(options, nullptr);
  EXPECT_EQ(history.end.stored, std::vector<int64_t>(kClasses, 0));
  EXPECT_GT(history.end.class_count[0], 0);
  EXPECT_EQ(history.end.bytes, 0);
}

TEST(RehearsalBuffer, NumbersDrawsFromTheRanksFirst) {
  RehearsalBufferOptions options = Options();
  options.first_draw = 40;
  RehearsalBuffer buffer(options, nullptr);
  Source source;
  RehearsalStep step{0, 0, source.Make(0, 0, 3), 3};
  REPRISE_ASSERT_OK(buffer.BeginStep(step).status());
  REPRISE_ASSERT_OK(buffer.EndStep());
  REPRISE_ASSERT_OK_AND_ASSIGN(const Representatives given,
                               buffer.BeginStep({0, 1, {}, 0}));
  EXPECT_THAT(given.draws, ElementsAre(40, 41, 42));
}

TEST(RehearsalBufferOptions, OfTheRanksOfAJobAddUpToIts) {
  RehearsalBufferOptions job = Options();
  job.capacity_per_class = 11;
  for (const int world_size : {1, 3, 4}) {
    int64_t capacity = 0, candidates = 0, representatives = 0;
    for (int rank = 0; rank < world_size; ++rank) {
      const RehearsalBufferOptions mine = job.OfRank(rank, world_size);
      EXPECT_EQ(mine.rank, rank);
      EXPECT_EQ(mine.first_draw, representatives);
      EXPECT_EQ(mine.row_bytes, job.row_bytes);
      capacity += mine.capacity_per_class;
      candidates += *mine.candidates;
      representatives += mine.representatives;
    }
    EXPECT_EQ(capacity, 11);
    EXPECT_EQ(candidates, *job.candidates);
    EXPECT_EQ(representatives, job.representatives);
  }
  job.candidates = std::nullopt;
  EXPECT_EQ(job.OfRank(1, 3).candidates, std::nullopt);
}

TEST(RehearsalBufferOptions, NameEveryProblem) {
  RehearsalBufferOptions options;
  options.num_classes = 0;
  options.capacity_per_class = -1;
  options.row_bytes = 0;
  options.candidates = -2;
  options.representatives = -3;
  options.rank = -4;
  const absl::Status status = options.Validate();
  EXPECT_THAT(status, ExitsWith(ExitCode::kUsage));
  for (const char* problem :
       {"number of classes must be >= 1, found 0",
        "num_representatives must be >= 0, found -1",
        "row bytes must be >= 1, found 0",
        "num_candidates must be >= 0, found -2",
        "num_samples must be >= 0, found -3", "rank must be >= 0, found -4"}) {
    EXPECT_THAT(status, FailsWith(problem));
  }
}

}  // namespace
}  // namespace reprise
