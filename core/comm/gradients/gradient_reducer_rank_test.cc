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
#include "core/base/dtype.h"
#include "core/base/status_matchers.h"
#include "core/comm/collective.h"
#include "core/comm/communicator.h"
#include "core/comm/gradients/gradient_memory.h"
#include "core/comm/gradients/gradient_reducer.h"
#include "core/comm/gradients/parameter_layout.h"
#include "gtest/gtest.h"
#include "tests/conformance/rank_cases.h"

namespace reprise {
namespace {

const ParameterLayout kLayout({250, 10, 5000, 20, 0, 16000, 50, 500, 10});
constexpr int64_t kLead = ParameterLayout::kLead;
constexpr size_t kNumParameters = 9;

// Of the slots: what pads them is summed like all else.
int64_t TotalSize() { return kLayout.length(); }

// Several buckets for kLayout, some of one parameter only.
GradientReducer::Options SmallBuckets() {
  GradientReducer::Options options;
  options.first_bucket_bytes = 2200;
  options.bucket_bytes = 30000;
  return options;
}

template <typename T>
constexpr DType DTypeOf() {
  return sizeof(T) == sizeof(double) ? DType::kFloat64 : DType::kFloat32;
}

template <typename T>
std::unique_ptr<GradientReducer> MakeReducer(
    Communicator& communicator, std::vector<T>& flat,
    const GradientReducer::Options& options = SmallBuckets()) {
  flat.assign(kLayout.gradients_length(), 0);
  absl::StatusOr<std::unique_ptr<GradientReducer>> reducer =
      GradientReducer::Create(communicator, kLayout,
                              MakeHostGradients(flat.data(), DTypeOf<T>()),
                              options);
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
      flat[kLead + i] = GradientOf(communicator.rank(), i, step);
    }
    reducer->BeginStep(communicator.rank() + 0.5 + step);
    for (size_t p = kNumParameters; p > 0; --p) reducer->MarkReady(p - 1);
    const absl::StatusOr<StepReduction> reduction = reducer->Finish();
    REPRISE_EXPECT_OK(reduction);
    EXPECT_EQ(reduction->weight_sum,
              ranks * (ranks - 1) / 2 + ranks * (0.5 + step));
    std::vector<T> expected(TotalSize(), 0);
    for (int rank = 0; rank < ranks; ++rank) {
      for (int64_t i = 0; i < TotalSize(); ++i) {
        expected[i] += GradientOf(rank, i, step);
      }
    }
    EXPECT_TRUE(
        std::equal(expected.begin(), expected.end(), flat.begin() + kLead))
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
    std::vector<int64_t> order(kNumParameters);
    std::iota(order.begin(), order.end(), 0);
    std::shuffle(order.begin(), order.end(), order_of);
    const auto mark = [&](size_t begin, size_t end) {
      for (size_t i = begin; i < end; ++i) {
        std::copy(mine.begin() + kLayout.offset(order[i]),
                  mine.begin() + kLayout.offset(order[i] + 1),
                  flat.begin() + kLayout.gradient_offset(order[i]));
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
    REPRISE_EXPECT_OK(reducer->Finish());
    if (repetition == 0) first = flat;
    EXPECT_FALSE(std::any_of(flat.begin() + kLead, flat.end(),
                             [](float value) { return std::isnan(value); }));
    EXPECT_EQ(std::memcmp(flat.data() + kLead, first.data() + kLead,
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
  std::fill(flat.begin() + kLead, flat.end(), 0.0f);
  for (int64_t p = 0; p < kLayout.num_parameters() && !empty; ++p) {
    if (p == 2) continue;
    std::fill_n(flat.begin() + kLayout.gradient_offset(p), kLayout.size(p),
                1.0f);
    reducer->MarkReady(p);
    reducer->MarkReady(p);
  }
  reducer->MarkAllReady();
  const absl::StatusOr<StepReduction> reduction = reducer->Finish();
  REPRISE_EXPECT_OK(reduction);
  const int contributing = ranks > 1 ? ranks - 1 : 1;
  EXPECT_EQ(reduction->weight_sum, 4 * contributing);
  for (int64_t p = 0; p < kLayout.num_parameters(); ++p) {
    for (int64_t i = 0; i < kLayout.size(p); ++i) {
      EXPECT_EQ(flat[kLayout.gradient_offset(p) + i],
                p == 2 ? 0 : contributing);
    }
  }
}

void AStepReducesEachElementOnceAndTheWeightSumWithTheLastBucket(
    Communicator& communicator, const IssuedCollectives& issued) {
  std::vector<double> flat;
  const auto reducer = MakeReducer(communicator, flat);
  reducer->BeginStep(1);
  reducer->MarkAllReady();
  REPRISE_EXPECT_OK(reducer->Finish());
  EXPECT_EQ(reducer->bytes_per_step(), kLayout.gradients_length() * 8);
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

// Whatever the buckets before the last do meanwhile: of one bucket nothing
// overlaps, and the last one of several never does.
void OverlapIsThePartOfTheReductionBeforeTheLastBucketIsReady(
    Communicator& communicator, const IssuedCollectives&) {
  const bool reduces = communicator.world_size() > 1;
  GradientReducer::Options one_bucket;
  one_bucket.first_bucket_bytes = one_bucket.bucket_bytes = 1 << 30;
  for (const bool is_one : {true, false}) {
    std::vector<float> flat;
    const auto reducer =
        MakeReducer(communicator, flat, is_one ? one_bucket : SmallBuckets());
    reducer->BeginStep(1);
    const int64_t last = reducer->buckets().back().parameters;
    for (int64_t p = kLayout.num_parameters() - 1; p >= last; --p) {
      reducer->MarkReady(p);
    }
    if (!is_one) absl::SleepFor(absl::Milliseconds(50));  // the end of backward
    reducer->MarkAllReady();
    const absl::StatusOr<StepReduction> reduction = reducer->Finish();
    REPRISE_EXPECT_OK(reduction);
    EXPECT_EQ(reduction->overlapped_seconds > 0, reduces && !is_one);
    EXPECT_EQ(reduction->busy_seconds > reduction->overlapped_seconds, reduces);
    EXPECT_LT(reduction->busy_seconds, 60);
  }
}

GradientReducer::Options Compressed(GradientReducer::Compression compression,
                                    double predivide_factor) {
  GradientReducer::Options options = SmallBuckets();
  options.compression = compression;
  options.predivide_factor = predivide_factor;
  return options;
}

constexpr GradientReducer::Compression kCompressions[] = {
    GradientReducer::Compression::kFloat16,
    GradientReducer::Compression::kBFloat16};

// Rank `rank`'s gradients: of both signs, magnitudes from 2^-20 to 2^4.
std::vector<float> WideGradients(int rank) {
  std::mt19937 numbers(rank);
  std::vector<float> gradients(TotalSize());
  for (float& gradient : gradients) {
    gradient = std::ldexp(std::uniform_real_distribution<float>(-1, 1)(numbers),
                          static_cast<int>(numbers() % 24) - 20);
  }
  return gradients;
}

void CompressedSumsKeepTheirBoundAndAreTheSameOnAllRanksEveryTime(
    Communicator& communicator, const IssuedCollectives&) {
  const int ranks = communicator.world_size();
  std::vector<double> exact(TotalSize(), 0), magnitude(TotalSize(), 0);
  for (int rank = 0; rank < ranks; ++rank) {
    const std::vector<float> gradients = WideGradients(rank);
    for (int64_t i = 0; i < TotalSize(); ++i) {
      exact[i] += gradients[i];
      magnitude[i] += std::abs(gradients[i]);
    }
  }
  for (const GradientReducer::Compression compression : kCompressions) {
    const bool is_fp16 = compression == GradientReducer::Compression::kFloat16;
    const double u = std::ldexp(1.0, is_fp16 ? -11 : -8);
    const double t = std::ldexp(1.0, is_fp16 ? -25 : -134);
    for (const double factor : {1.0, 1.0 / 64, 3.0}) {
      std::vector<float> flat, first;
      const auto reducer =
          MakeReducer(communicator, flat, Compressed(compression, factor));
      std::mt19937 order_of(1000 + communicator.rank());
      for (int repetition = 0; repetition < 5; ++repetition) {
        const std::vector<float> mine = WideGradients(communicator.rank());
        std::copy(mine.begin(), mine.end(), flat.begin() + kLead);
        reducer->BeginStep(1.0f / 3);
        std::vector<int64_t> order(kNumParameters);
        std::iota(order.begin(), order.end(), 0);
        std::shuffle(order.begin(), order.end(), order_of);
        for (const int64_t p : order) reducer->MarkReady(p);
        const auto reduction = reducer->Finish();
        REPRISE_EXPECT_OK(reduction);
        EXPECT_TRUE(reduction->finite);
        // In fp32 whatever the gradients travel as.
        EXPECT_NEAR(reduction->weight_sum, ranks / 3.0, 1e-6);
        if (repetition == 0) first = flat;
        EXPECT_EQ(flat, first) << "repetition " << repetition;
      }
      const double relative =
          std::pow(1 + u, ranks) - 1 + (factor == 3 ? std::ldexp(1, -22) : 0);
      double worst = 0;  // of what the bound allows
      for (int64_t i = 0; i < TotalSize() && ranks > 1; ++i) {
        worst =
            std::max(worst, std::abs(flat[kLead + i] - exact[i]) /
                                (relative * magnitude[i] + ranks * t * factor));
      }
      EXPECT_LE(worst, 1);
      // It is rounded, after all.
      EXPECT_EQ(worst > 0.2, ranks > 1);
      std::vector<float> all(flat.size() * ranks);
      const int64_t bytes = static_cast<int64_t>(flat.size() * sizeof(float));
      REPRISE_EXPECT_OK(
          communicator.AllGather(flat.data(), bytes, all.data())->Wait());
      for (int rank = 0; rank < ranks; ++rank) {
        EXPECT_EQ(
            std::memcmp(all.data() + rank * flat.size(), flat.data(), bytes), 0)
            << "rank " << rank;
      }
    }
  }
}

void ACompressedStepSendsTwoBytesAGradientAndTheWeightSumFirst(
    Communicator& communicator, const IssuedCollectives& issued) {
  size_t done = 0;
  for (const GradientReducer::Compression compression : kCompressions) {
    std::vector<float> flat;
    const auto reducer =
        MakeReducer(communicator, flat, Compressed(compression, 1));
    EXPECT_EQ(reducer->bytes_per_step(), 4 + 2 * TotalSize());
    EXPECT_EQ(reducer->buckets().size(), 3);
    reducer->BeginStep(1);
    reducer->MarkAllReady();
    REPRISE_EXPECT_OK(reducer->Finish());
    if (communicator.world_size() == 1) {
      EXPECT_TRUE(issued.empty());
      continue;
    }
    EXPECT_EQ(issued.size(), done + 1 + reducer->buckets().size());
    EXPECT_EQ(issued[done].data, flat.data());
    int64_t bytes = 0;
    for (; done < issued.size(); ++done) {
      EXPECT_EQ(issued[done].kind, Collective::Kind::kAllReduce);
      bytes += issued[done].count * SizeInBytes(issued[done].dtype);
    }
    EXPECT_EQ(bytes, reducer->bytes_per_step());
  }
}

// Of 40000 from each of two ranks or more, in a type that ends at 65504; and
// of predivided fp32, which ends at 3.4e38.
void ASumBeyondTheRangeIsInfiniteAndSaidToBe(Communicator& communicator,
                                             const IssuedCollectives&) {
  using Compression = GradientReducer::Compression;
  const int ranks = communicator.world_size();
  if (ranks == 1) return;
  const auto reduce = [&](Compression compression, double factor, float value) {
    std::vector<float> flat;
    const auto reducer =
        MakeReducer(communicator, flat, Compressed(compression, factor));
    const int64_t element = kLayout.gradient_offset(2) + 7;
    flat[element] = value;
    reducer->BeginStep(1);
    reducer->MarkAllReady();
    const absl::StatusOr<StepReduction> reduction = reducer->Finish();
    REPRISE_EXPECT_OK(reduction);
    EXPECT_EQ(reduction->finite, std::isfinite(flat[element]));
    EXPECT_EQ(flat[element + 1], 0);
    return flat[element];
  };
  EXPECT_EQ(reduce(Compression::kFloat16, 1, 40000), INFINITY);
  EXPECT_EQ(reduce(Compression::kFloat16, 1, -40000), -INFINITY);
  EXPECT_NEAR(reduce(Compression::kFloat16, 4, 40000), 40000 * ranks, 200);
  EXPECT_EQ(reduce(Compression::kFloat16, 1e-3, 200), INFINITY);
  EXPECT_NEAR(reduce(Compression::kBFloat16, 1, 40000), 40000 * ranks, 1000);
  // Of fp32 what the division makes too large, and what the multiplication.
  EXPECT_EQ(reduce(Compression::kNone, 1e-9, 1e30f), INFINITY);
  EXPECT_EQ(reduce(Compression::kNone, 1e9, -3e38f), -INFINITY);
  EXPECT_NEAR(reduce(Compression::kNone, 1e-9, 1e20f), 1e20 * ranks, 1e15);
  for (const Compression compression :
       {Compression::kNone, Compression::kFloat16, Compression::kBFloat16}) {
    const double factor = compression == Compression::kNone ? 2 : 1;
    const bool one = communicator.rank() == 1;
    EXPECT_TRUE(std::isnan(reduce(compression, factor, one ? NAN : 1.0f)));
    EXPECT_EQ(reduce(compression, factor, one ? INFINITY : 1.0f), INFINITY);
  }
}

void PredivisionByAPowerOfTwoChangesNoBit(Communicator& communicator,
                                          const IssuedCollectives&) {
  std::vector<float> plain, divided;
  const auto reduce = [&](std::vector<float>& flat, double factor) {
    const auto reducer =
        MakeReducer(communicator, flat,
                    Compressed(GradientReducer::Compression::kNone, factor));
    const std::vector<float> mine = WideGradients(communicator.rank());
    std::copy(mine.begin(), mine.end(), flat.begin() + kLead);
    reducer->BeginStep(2);
    reducer->MarkAllReady();
    const auto reduction = reducer->Finish();
    REPRISE_EXPECT_OK(reduction);
    EXPECT_EQ(reduction->weight_sum, 2 * communicator.world_size());
  };
  reduce(plain, 1);
  reduce(divided, 1024);
  EXPECT_EQ(plain, divided);
  reduce(divided, 3);
  for (size_t i = kLead; i < plain.size(); ++i) {
    EXPECT_NEAR(divided[i], plain[i], 1e-5);
  }
}

// Each rank in turn fails before, amid and after its gradients: in the last
// case its last bucket has gone, and the next step tells.
void AFailureOfOneRankIsSeenOnAllAndCostsNoCollective(
    Communicator& communicator, const IssuedCollectives& issued) {
  using Compression = GradientReducer::Compression;
  const int ranks = communicator.world_size();
  if (ranks == 1) return;
  size_t done = 0;
  for (const Compression compression :
       {Compression::kNone, Compression::kFloat16, Compression::kBFloat16}) {
    // Buckets: 4, or 3 and the sum of weights.
    const size_t collectives = 4;
    for (const double factor : {1.0, 3.0}) {
      for (int failing = 0; failing < ranks; ++failing) {
        for (const size_t marked : {size_t{0}, size_t{8}, kNumParameters}) {
          std::vector<float> flat;
          const auto reducer =
              MakeReducer(communicator, flat, Compressed(compression, factor));
          const auto step = [&](bool fails) {
            std::fill(flat.begin(), flat.end(), 1.0f);
            reducer->BeginStep(2);
            for (size_t i = 0; i < marked; ++i) {
              reducer->MarkReady(static_cast<int64_t>(kNumParameters - 1 - i));
            }
            if (fails && communicator.rank() == failing) reducer->Fail();
            reducer->MarkAllReady();
            const absl::StatusOr<StepReduction> reduction = reducer->Finish();
            REPRISE_EXPECT_OK(reduction);
            EXPECT_EQ(issued.size(), done + collectives);
            done = issued.size();
            return reduction->finite;
          };
          EXPECT_TRUE(step(/*fails=*/false));
          EXPECT_EQ(step(/*fails=*/true), marked == kNumParameters);
          EXPECT_FALSE(step(/*fails=*/false));
        }
      }
    }
  }
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
      {"OverlapIsThePartOfTheReductionBeforeTheLastBucketIsReady",
       OverlapIsThePartOfTheReductionBeforeTheLastBucketIsReady},
      {"CompressedSumsKeepTheirBoundAndAreTheSameOnAllRanksEveryTime",
       CompressedSumsKeepTheirBoundAndAreTheSameOnAllRanksEveryTime},
      {"ACompressedStepSendsTwoBytesAGradientAndTheWeightSumFirst",
       ACompressedStepSendsTwoBytesAGradientAndTheWeightSumFirst},
      {"ASumBeyondTheRangeIsInfiniteAndSaidToBe",
       ASumBeyondTheRangeIsInfiniteAndSaidToBe},
      {"AFailureOfOneRankIsSeenOnAllAndCostsNoCollective",
       AFailureOfOneRankIsSeenOnAllAndCostsNoCollective},
      {"PredivisionByAPowerOfTwoChangesNoBit",
       PredivisionByAPowerOfTwoChangesNoBit},
  };
}

}  // namespace reprise
