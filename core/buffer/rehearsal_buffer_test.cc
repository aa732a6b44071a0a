// What is the same in every kind of buffer; the suite of all kinds is
// //tests/conformance/rehearsal_buffer.
#include "core/buffer/rehearsal_buffer.h"

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "core/base/dtype.h"
#include "core/base/sample.h"
#include "core/base/state.h"
#include "core/base/status.h"
#include "core/base/status_matchers.h"
#include "core/buffer/testing/buffer_samples.h"
#include "core/comm/communicator.h"
#include "core/comm/in_process/ranks_as_threads.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace reprise {
namespace {

using ::testing::ElementsAre;

RehearsalBufferOptions Options() {
  RehearsalBufferOptions options;
  options.num_classes = 3;
  options.capacity_per_class = 7;
  options.row_bytes = kRowBytes;
  options.candidates = 5;
  options.representatives = 8;
  return options;
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

// After five steps, of which an asynchronous buffer has one under way.
State StateAfterFiveSteps(const RehearsalBufferOptions& options) {
  State state;
  Source source;
  RehearsalBuffer buffer(options, nullptr);
  for (int64_t s = 0; s < 5; ++s) {
    const std::vector<Sample> incoming = source.Make(s % 3, 10 * s, 6);
    REPRISE_EXPECT_OK(buffer.BeginStep({0, s, incoming, 6}).status());
    REPRISE_EXPECT_OK(buffer.EndStep());
  }
  REPRISE_EXPECT_OK(buffer.SaveState(StateWriter(&state)));
  return state;
}

absl::Status Load(const RehearsalBufferOptions& options, const State& state) {
  RehearsalBuffer buffer(options, nullptr);
  return buffer.LoadState(StateReader(&state));
}

TEST(RehearsalBuffer, RefusesAStateThatLacksAValueOrHasItInAnotherForm) {
  RehearsalBufferOptions options = Options();
  options.asynchronous = true;
  const State state = StateAfterFiveSteps(options);
  REPRISE_EXPECT_OK(Load(options, state));
  EXPECT_GE(state.size(), 20u);
  for (const auto& [path, value] : state) {
    SCOPED_TRACE(path);
    State other = state;
    other.erase(path);
    EXPECT_THAT(Load(options, other), FailsWith(path));
    other = state;
    other[path].dtype = DType::kFloat16;
    EXPECT_THAT(Load(options, other), FailsWith(path));
    other = state;
    other[path].bytes.pop_back();
    EXPECT_THAT(Load(options, other), ExitsWith(ExitCode::kData));
  }
}

// Sets element `i` of the value at `path`, of 4 or 8 bytes.
State With(State state, const std::string& path, size_t i, int64_t number) {
  StateValue& value = state.at(path);
  const int64_t size = SizeInBytes(value.dtype);
  const int32_t narrow = static_cast<int32_t>(number);
  const void* from = size == 4 ? static_cast<const void*>(&narrow) : &number;
  std::memcpy(value.bytes.data() + i * size, from, size);
  return state;
}

TEST(RehearsalBuffer, RefusesAStateThatNoBufferIsIn) {
  const RehearsalBufferOptions options = Options();
  const State state = StateAfterFiveSteps(options);
  const struct {
    const char* path;
    int64_t number;
  } faults[] = {{"directory/group0/labels", 3}, {"directory/group0/labels", -1},
                {"directory/group0/ranks", 1},  {"directory/group0/ranks", -1},
                {"directory/group0/rows", 1},   {"directory/group0/rows", 99},
                {"directory/group0/rows", -1},  {"directory/class_count", 0},
                {"directory/offered", 1},       {"steps", -1}};
  for (const auto& fault : faults) {
    SCOPED_TRACE(fault.path);
    EXPECT_THAT(Load(options, With(state, fault.path, 0, fault.number)),
                ExitsWith(ExitCode::kData));
  }
  // Of an asynchronous one: what is given next.
  RehearsalBufferOptions asynchronous = options;
  asynchronous.asynchronous = true;
  const State given = StateAfterFiveSteps(asynchronous);
  for (const int64_t draw : {int64_t{-1}, options.representatives}) {
    EXPECT_THAT(Load(asynchronous, With(given, "exchange/draws", 0, draw)),
                FailsWith("exchange/labels, draws: expected"));
  }
  EXPECT_THAT(Load(asynchronous, With(given, "exchange/labels", 0, 3)),
              FailsWith("exchange/labels, draws: expected"));
  // 10, 10 and 5 were offered; their sum would not show it.
  const State negative = With(state, "directory/class_count", 0, -1);
  EXPECT_THAT(Load(options, With(negative, "directory/offered", 0, 14)),
              FailsWith("expected 3 counts and their sum"));
  // One of another size.
  RehearsalBufferOptions smaller = options;
  smaller.capacity_per_class = 2;
  EXPECT_THAT(Load(smaller, state), FailsWith("expected at most 2 slots"));
  smaller = options;
  smaller.num_classes = 2;
  EXPECT_THAT(Load(smaller, state), ExitsWith(ExitCode::kData));
  smaller = options;
  smaller.row_bytes = 8;
  EXPECT_THAT(Load(smaller, state), FailsWith("contents/group0/rows"));
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
    EXPECT_TRUE(IsAgreed(status));
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

TEST(RehearsalBufferDeathTest, RefusesALabelItHasNoClassFor) {
  RehearsalBuffer buffer(Options(), nullptr);
  Source source;
  REPRISE_ASSERT_OK(buffer.BeginStep({0, 0, source.Make(3, 0, 1), 1}).status());
  EXPECT_DEATH((void)buffer.EndStep(), "label 3 of 3");
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
