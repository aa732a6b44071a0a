// What the gradient reducer must do over any communicator.
#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <memory>
#include <numeric>
#include <random>
#include <thread>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "core/base/status_matchers.h"
#include "core/comm/communicator.h"
#include "core/comm/gradient_reducer.h"
#include "gtest/gtest.h"
#include "tests/conformance/rank_cases.h"

namespace reprise {
namespace {

const std::vector<int64_t> kSizes = {250, 10, 5000, 20, 0, 16000, 50, 500, 10};

int64_t TotalSize() {
  return std::accumulate(kSizes.begin(), kSizes.end(), int64_t{0});
}

// Several buckets for kSizes, some of one parameter only.
GradientReducer::Options SmallBuckets() {
  GradientReducer::Options options;
  options.first_bucket_bytes = 2100;
  options.bucket_bytes = 30000;
  return options;
}

template <typename T>
constexpr DType DTypeOf() {
  return sizeof(T) == sizeof(double) ? DType::kFloat64 : DType::kFloat32;
}

template <typename T>
std::unique_ptr<GradientReducer> MakeReducer(Communicator& communicator,
                                             std::vector<T>& flat) {
  flat.assign(1 + TotalSize(), 0);
  absl::StatusOr<std::unique_ptr<GradientReducer>> reducer =
      GradientReducer::Create(communicator, kSizes, flat.data(), DTypeOf<T>(),
                              SmallBuckets());
  REPRISE_EXPECT_OK(reducer);
  return *std::move(reducer);
}

// Rank `rank`'s gradient of element i in step `step`: exact in fp32.
int GradientOf(int rank, int64_t i, int step) {
  return static_cast<int>((i * 3 + rank * 11 + step * 7) % 101) - 50;
}

template <typename T>
void CheckSums(Communicator& communicator) {
  const int ranks = communicator.world_size();
  std::vector<T> flat;
  const auto reducer = MakeReducer(communicator, flat);
  for (int step = 0; step < 3; ++step) {
    for (int64_t i = 0; i < TotalSize(); ++i) {
      flat[1 + i] = GradientOf(communicator.rank(), i, step);
    }
    reducer->BeginStep(communicator.rank() + 0.5 + step);
    for (size_t p = kSizes.size(); p > 0; --p) reducer->MarkReady(p - 1);
    const absl::StatusOr<StepReduction> reduction =
        reducer->Finish(absl::InfiniteFuture());
    REPRISE_EXPECT_OK(reduction);
    EXPECT_EQ(reduction->weight_sum,
              ranks * (ranks - 1) / 2 + ranks * (0.5 + step));
    std::vector<T> expected(TotalSize(), 0);
    for (int rank = 0; rank < ranks; ++rank) {
      for (int64_t i = 0; i < TotalSize(); ++i) {
        expected[i] += GradientOf(rank, i, step);
      }
    }
    EXPECT_TRUE(std::equal(expected.begin(), expected.end(), flat.begin() + 1))
        << "step " << step;
  }
}

void SumsEqualThoseOfASerialLoop(Communicator& communicator,
                                 const IssuedCollectives&) {
  CheckSums<float>(communicator);
  CheckSums<double>(communicator);
}

void NeitherResultNorIssueOrderDependsOnTheOrderOfHooks(
    Communicator& communicator, const IssuedCollectives& issued) {
  const size_t buckets = 4;
  std::mt19937 values_of(communicator.rank());
  std::vector<float> mine(TotalSize());
  for (float& value : mine) {
    value = std::uniform_real_distribution<float>(-1, 1)(values_of);
  }
  std::vector<float> flat, first;
  const auto reducer = MakeReducer(communicator, flat);
  EXPECT_EQ(reducer->buckets().size(), buckets);
  // Different on every rank.
  std::mt19937 order_of(1000 + communicator.rank());
  for (int repetition = 0; repetition < 20; ++repetition) {
    // A bucket that left before its hooks would spread these.
    std::fill(flat.begin(), flat.end(), std::nanf(""));
    reducer->BeginStep(1.0 / 3);
    std::vector<int64_t> order(kSizes.size());
    std::iota(order.begin(), order.end(), 0);
    std::shuffle(order.begin(), order.end(), order_of);
    const auto mark = [&](size_t begin, size_t end) {
      for (size_t i = begin; i < end; ++i) {
        const int64_t offset = std::accumulate(
            kSizes.begin(), kSizes.begin() + order[i], int64_t{0});
        std::copy_n(mine.begin() + offset, kSizes[order[i]],
                    flat.begin() + 1 + offset);
        reducer->MarkReady(order[i]);
      }
    };
    // Hooks fire on several threads.
    const size_t half = order.size() / 2;
    std::thread other([&] {
      absl::SleepFor(absl::Microseconds(repetition * 37 % 200));
      mark(half, order.size());
    });
    mark(0, half);
    other.join();
    REPRISE_EXPECT_OK(reducer->Finish(absl::Now()));
    if (repetition == 0) first = flat;
    EXPECT_FALSE(std::any_of(flat.begin() + 1, flat.end(),
                             [](float value) { return std::isnan(value); }));
    EXPECT_EQ(std::memcmp(flat.data() + 1, first.data() + 1,
                          TotalSize() * sizeof(float)),
              0)
        << "repetition " << repetition;
    if (communicator.world_size() == 1) continue;
    EXPECT_EQ(flat[0], first[0]);
    EXPECT_EQ(issued.size(), (repetition + 1) * buckets);
    for (size_t i = repetition * buckets; i < issued.size(); ++i) {
      const GradientReducer::Bucket& bucket = reducer->buckets()[i % buckets];
      EXPECT_EQ(issued[i].data, flat.data() + bucket.offset);
      EXPECT_EQ(issued[i].count, bucket.count);
    }
  }
}

void ParametersWithoutGradientAndEmptyBatchesTakePartWithZeros(
    Communicator& communicator, const IssuedCollectives&) {
  const int ranks = communicator.world_size();
  std::vector<float> flat;
  const auto reducer = MakeReducer(communicator, flat);
  // The last rank has an empty batch, the others no gradient of parameter 2.
  const bool empty = ranks > 1 && communicator.rank() == ranks - 1;
  reducer->BeginStep(empty ? 0 : 4);
  std::fill(flat.begin() + 1, flat.end(), 0.0f);
  int64_t offset = 1;
  for (size_t p = 0; p < kSizes.size() && !empty; ++p) {
    if (p != 2) {
      std::fill_n(flat.begin() + offset, kSizes[p], 1.0f);
      reducer->MarkReady(p);
      reducer->MarkReady(p);
    }
    offset += kSizes[p];
  }
  reducer->MarkAllReady();
  const absl::StatusOr<StepReduction> reduction = reducer->Finish(absl::Now());
  REPRISE_EXPECT_OK(reduction);
  const int contributing = ranks > 1 ? ranks - 1 : 1;
  EXPECT_EQ(reduction->weight_sum, 4 * contributing);
  offset = 1;
  for (size_t p = 0; p < kSizes.size(); ++p) {
    for (int64_t i = 0; i < kSizes[p]; ++i) {
      EXPECT_EQ(flat[offset + i], p == 2 ? 0 : contributing);
    }
    offset += kSizes[p];
  }
}

void AStepReducesEachElementOnceAndTheWeightSumWithTheLastBucket(
    Communicator& communicator, const IssuedCollectives& issued) {
  std::vector<double> flat;
  const auto reducer = MakeReducer(communicator, flat);
  reducer->BeginStep(1);
  reducer->MarkAllReady();
  REPRISE_EXPECT_OK(reducer->Finish(absl::Now()));
  EXPECT_EQ(reducer->bytes_per_step(), (1 + TotalSize()) * 8);
  if (communicator.world_size() == 1) {
    EXPECT_TRUE(issued.empty());
    return;
  }
  int64_t bytes = 0;
  for (const Collective& collective : issued) {
    EXPECT_EQ(collective.kind, Collective::Kind::kAllReduce);
    bytes += collective.count * SizeInBytes(collective.dtype);
  }
  EXPECT_EQ(bytes, reducer->bytes_per_step());
  EXPECT_EQ(issued.size(), reducer->buckets().size());
  EXPECT_EQ(issued.back().data, flat.data());
}

void OverlapIsThePartOfTheReductionBeforeTheEndOfBackward(
    Communicator& communicator, const IssuedCollectives&) {
  std::vector<float> flat;
  const auto reducer = MakeReducer(communicator, flat);
  const auto reduce = [&](absl::Duration backward_after) {
    const absl::Time start = absl::Now();
    reducer->BeginStep(1);
    reducer->MarkAllReady();
    return reducer->Finish(start + backward_after);
  };
  const absl::StatusOr<StepReduction> hidden = reduce(absl::Hours(1));
  const absl::StatusOr<StepReduction> exposed = reduce(-absl::Hours(1));
  REPRISE_EXPECT_OK(hidden);
  REPRISE_EXPECT_OK(exposed);
  EXPECT_EQ(hidden->overlapped_seconds, hidden->busy_seconds);
  EXPECT_EQ(exposed->overlapped_seconds, 0);
  const bool reduces = communicator.world_size() > 1;
  EXPECT_EQ(hidden->busy_seconds > 0, reduces);
  EXPECT_EQ(exposed->busy_seconds > 0, reduces);
  EXPECT_LT(hidden->busy_seconds, 60);
}

}  // namespace

std::vector<RankCase> RankCases() {
  return {
      {"SumsEqualThoseOfASerialLoop", SumsEqualThoseOfASerialLoop},
      {"NeitherResultNorIssueOrderDependsOnTheOrderOfHooks",
       NeitherResultNorIssueOrderDependsOnTheOrderOfHooks},
      {"ParametersWithoutGradientAndEmptyBatchesTakePartWithZeros",
       ParametersWithoutGradientAndEmptyBatchesTakePartWithZeros},
      {"AStepReducesEachElementOnceAndTheWeightSumWithTheLastBucket",
       AStepReducesEachElementOnceAndTheWeightSumWithTheLastBucket},
      {"OverlapIsThePartOfTheReductionBeforeTheEndOfBackward",
       OverlapIsThePartOfTheReductionBeforeTheEndOfBackward},
  };
}

}  // namespace reprise
