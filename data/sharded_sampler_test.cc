#include "data/sharded_sampler.h"

#include <algorithm>
#include <cstdint>
#include <numeric>
#include <set>
#include <string>
#include <vector>

#include "core/base/status.h"
#include "core/base/status_matchers.h"
#include "gtest/gtest.h"

namespace reprise {
namespace {

struct Shape {
  int64_t samples, batch;
  int ranks;
};

std::vector<Shape> ManyShapes() {
  std::vector<Shape> shapes;
  for (int64_t samples : {0, 1, 2, 3, 5, 7, 16, 31, 64, 97, 100, 1000}) {
    for (int64_t batch : {1, 2, 3, 4, 7, 16, 64, 100, 2000}) {
      for (int ranks : {1, 2, 3, 4, 7, 48}) {
        shapes.push_back({samples, batch, ranks});
      }
    }
  }
  return shapes;
}

ShardedSampler SamplerOf(const Shape& shape, int rank, bool shard = false) {
  return ShardedSampler(
      {42, shape.samples, shape.batch, rank, shape.ranks, shard});
}

// Per step what each rank takes.
std::vector<std::vector<LocalSamples>> Epoch(const Shape& shape, bool shard,
                                             int64_t task = 1,
                                             int64_t epoch = 2) {
  std::vector<std::vector<LocalSamples>> steps;
  for (int rank = 0; rank < shape.ranks; ++rank) {
    ShardedSampler sampler = SamplerOf(shape, rank, shard);
    sampler.StartEpoch(task, epoch);
    steps.resize(sampler.steps_per_epoch());
    for (int64_t s = 0; s < sampler.steps_per_epoch(); ++s) {
      steps[s].push_back(sampler.LocalBatch(s));
    }
  }
  return steps;
}

std::string Name(const Shape& shape) {
  return "samples " + std::to_string(shape.samples) + ", batch " +
         std::to_string(shape.batch) + ", ranks " + std::to_string(shape.ranks);
}

TEST(ShardedSampler, TakesEachSampleOnceInAnEpoch) {
  for (const Shape& shape : ManyShapes()) {
    for (const bool shard : {false, true}) {
      std::vector<int> taken(shape.samples);
      for (const auto& step : Epoch(shape, shard)) {
        for (const LocalSamples& local : step) {
          ASSERT_EQ(local.indices.size(), local.positions.size());
          for (const int64_t index : local.indices) ++taken.at(index);
        }
      }
      EXPECT_EQ(std::count(taken.begin(), taken.end(), 1), shape.samples)
          << Name(shape) << ", shard " << shard;
    }
  }
}

TEST(ShardedSampler, GivesEveryRankTheSameNumberOfSteps) {
  for (const Shape& shape : ManyShapes()) {
    std::set<int64_t> steps;
    for (int rank = 0; rank < shape.ranks; ++rank) {
      steps.insert(SamplerOf(shape, rank).steps_per_epoch());
    }
    const std::set<int64_t> expected = {(shape.samples + shape.batch - 1) /
                                        shape.batch};
    EXPECT_EQ(steps, expected) << Name(shape);
  }
}

TEST(ShardedSampler, RanksTogetherTakeTheBatchOfASingleRank) {
  for (const Shape& shape : ManyShapes()) {
    const auto many = Epoch(shape, /*shard=*/false);
    const auto one = Epoch({shape.samples, shape.batch, 1}, /*shard=*/false);
    ASSERT_EQ(many.size(), one.size());
    for (size_t s = 0; s < many.size(); ++s) {
      LocalSamples joined;
      for (const LocalSamples& local : many[s]) {
        joined.indices.insert(joined.indices.end(), local.indices.begin(),
                              local.indices.end());
        joined.positions.insert(joined.positions.end(), local.positions.begin(),
                                local.positions.end());
      }
      EXPECT_EQ(joined.indices, one[s][0].indices) << Name(shape);
      EXPECT_EQ(joined.positions, one[s][0].positions) << Name(shape);
    }
  }
}

TEST(ShardedSampler, LocalBatchesDifferByOneAtMostAndPositionsCountUp) {
  int64_t empty_batches = 0;
  for (const Shape& shape : ManyShapes()) {
    for (const bool shard : {false, true}) {
      for (const auto& step : Epoch(shape, shard)) {
        size_t least = SIZE_MAX, most = 0;
        int64_t next = 0;
        for (const LocalSamples& local : step) {
          least = std::min(least, local.indices.size());
          most = std::max(most, local.indices.size());
          empty_batches += local.indices.empty();
          for (const int64_t position : local.positions) {
            EXPECT_EQ(position, next++);
          }
        }
        EXPECT_LE(most - least, 1u) << Name(shape);
        EXPECT_LE(next, shape.batch);
      }
    }
  }
  EXPECT_GT(empty_batches, 0);
}

TEST(ShardedSampler, AStepTakesTheNextBatchOfTheEpochOrder) {
  const std::vector<int64_t> order = EpochOrder(42, 1, 2, 10);
  const auto steps = Epoch({10, 4, 1}, /*shard=*/false);
  ASSERT_EQ(steps.size(), 3u);
  EXPECT_EQ(steps[0][0].indices,
            std::vector<int64_t>(order.begin(), order.begin() + 4));
  EXPECT_EQ(steps[2][0].indices,
            std::vector<int64_t>(order.begin() + 8, order.end()));
}

TEST(ShardedSampler, OrderIsAPermutationThatSeedTaskAndEpochChange) {
  const std::vector<int64_t> order = EpochOrder(42, 1, 2, 100);
  EXPECT_EQ(order, EpochOrder(42, 1, 2, 100));
  EXPECT_NE(order, EpochOrder(43, 1, 2, 100));
  EXPECT_NE(order, EpochOrder(42, 0, 2, 100));
  EXPECT_NE(order, EpochOrder(42, 1, 3, 100));
  std::vector<int64_t> sorted = order, all(100);
  std::sort(sorted.begin(), sorted.end());
  std::iota(all.begin(), all.end(), 0);
  EXPECT_EQ(sorted, all);
}

TEST(ShardedSampler, WithShardARankMeetsTheSameSamplesInEveryEpoch) {
  for (const Shape& shape : ManyShapes()) {
    int64_t begin = 0;
    for (int rank = 0; rank < shape.ranks; ++rank) {
      ShardedSampler sampler = SamplerOf(shape, rank, /*shard=*/true);
      for (int64_t epoch = 0; epoch < 2; ++epoch) {
        sampler.StartEpoch(0, epoch);
        std::set<int64_t> met;
        for (int64_t s = 0; s < sampler.steps_per_epoch(); ++s) {
          const LocalSamples local = sampler.LocalBatch(s);
          met.insert(local.indices.begin(), local.indices.end());
        }
        if (met.empty()) continue;
        // Contiguous, and after the lower ranks' part.
        EXPECT_EQ(*met.begin(), begin) << Name(shape);
        EXPECT_EQ(*met.rbegin() - *met.begin() + 1,
                  static_cast<int64_t>(met.size()));
        if (epoch == 1) begin += static_cast<int64_t>(met.size());
      }
    }
    EXPECT_EQ(begin, shape.samples) << Name(shape);
  }
}

TEST(ShardedSampler, WithShardTheOrderWithinItChangesWithTheEpoch) {
  ShardedSampler sampler = SamplerOf({100, 100, 2}, 1, /*shard=*/true);
  sampler.StartEpoch(0, 0);
  const LocalSamples first = sampler.LocalBatch(0);
  sampler.StartEpoch(0, 1);
  EXPECT_NE(first.indices, sampler.LocalBatch(0).indices);
}

TEST(ShardedSampler, OfOneRankShardChangesNothing) {
  EXPECT_EQ(Epoch({97, 16, 1}, true)[3][0].indices,
            Epoch({97, 16, 1}, false)[3][0].indices);
}

TEST(ShardedSampler, OptionsNameEveryProblem) {
  const ShardedSamplerOptions options{42, -1, 0, 3, 2, false};
  const absl::Status status = options.Validate();
  EXPECT_THAT(status, ExitsWith(ExitCode::kUsage));
  EXPECT_THAT(status, FailsWith("samples must be >= 0, found -1"));
  EXPECT_THAT(status, FailsWith("batch size must be >= 1, found 0"));
  EXPECT_THAT(status, FailsWith("found 3 of 2"));
  REPRISE_EXPECT_OK(ShardedSamplerOptions().Validate());
}

TEST(ShardedSamplerDeathTest, RefusesABatchBeforeTheEpochStarted) {
  ShardedSampler sampler = SamplerOf({10, 4, 1}, 0);
  EXPECT_DEATH(sampler.LocalBatch(0), "before StartEpoch");
  EXPECT_DEATH(sampler.LocalBatch(3), "step 3 of 3");
}

TEST(EvaluationShard, CountsEverySampleOnceWithoutPadding) {
  for (const int64_t samples : {0, 1, 5, 48, 10000, 10001}) {
    for (const int ranks : {1, 2, 3, 48}) {
      int64_t next = 0;
      for (int rank = 0; rank < ranks; ++rank) {
        const auto [begin, end] = EvaluationShard(samples, rank, ranks);
        EXPECT_EQ(begin, next);
        EXPECT_GE(end, begin);
        EXPECT_LE(end - begin, samples / ranks + 1);
        next = end;
      }
      EXPECT_EQ(next, samples);
    }
  }
}

}  // namespace
}  // namespace reprise
