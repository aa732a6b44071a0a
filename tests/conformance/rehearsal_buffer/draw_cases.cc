// How often a rehearsal buffer draws, replaces and keeps what: exact tests
// against the distributions of its contract. Seeds are fixed, so they pass or
// fail for good.
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <vector>

#include "absl/status/statusor.h"
#include "core/base/sample.h"
#include "core/base/slices.h"
#include "core/base/status_matchers.h"
#include "core/buffer/testing/buffer_samples.h"
#include "core/comm/communicator.h"
#include "core/comm/in_process/ranks_as_threads.h"
#include "gtest/gtest.h"
#include "tests/conformance/rehearsal_buffer/histories.h"

namespace reprise {
namespace {

// P(X <= k), or P(X >= k), of X ~ Binomial(n, p).
double Tail(int64_t n, double p, int64_t k, bool lower) {
  double tail = 0;
  for (int64_t i = lower ? 0 : k; i <= (lower ? k : n); ++i) {
    tail += std::exp(std::lgamma(n + 1.0) - std::lgamma(i + 1.0) -
                     std::lgamma(n - i + 1.0) + i * std::log(p) +
                     (n - i) * std::log1p(-p));
  }
  return tail;
}

// Expects of counts that are Binomial(n, p) each, dependent or not, that none
// is further out than one of them would be by chance in 1e-5 of all runs at
// most (Bonferroni).
void ExpectBinomial(const std::vector<int64_t>& counts, int64_t n, double p) {
  const double least = 1e-5 / (2.0 * static_cast<double>(counts.size()));
  for (size_t i = 0; i < counts.size(); ++i) {
    EXPECT_GT(Tail(n, p, counts[i], /*lower=*/true), least)
        << counts[i] << " of " << n << " at " << i;
    EXPECT_GT(Tail(n, p, counts[i], /*lower=*/false), least)
        << counts[i] << " of " << n << " at " << i;
  }
}

std::vector<int64_t> Values(const std::map<int64_t, int64_t>& counts) {
  std::vector<int64_t> values;
  for (const auto& [key, count] : counts) values.push_back(count);
  return values;
}

// Fills a buffer with samples 0 to 5 in one step, of unequal classes, then
// makes `draws` draws of 2 with nothing offered. The result: how often each
// ordered pair was drawn, by 6 first + second. world_size 0: a rank alone.
std::map<int64_t, int64_t> CountPairs(const RehearsalBufferOptions& options,
                                      int world_size, int64_t draws) {
  std::vector<std::vector<int64_t>> drawn(draws, std::vector<int64_t>(2, -1));
  std::mutex mutex;
  const auto run = [&](Communicator* communicator) {
    const int rank = communicator == nullptr ? 0 : communicator->rank();
    const auto buffer = MakeTestedBuffer(options, communicator);
    Source source;
    const int64_t skipped = options.asynchronous ? 2 : 1;
    for (int64_t s = 0; s < draws + skipped; ++s) {
      RehearsalStep step{0, s, {}, s == 0 ? 6 : 0};
      if (s == 0) {
        const int64_t begin = SliceBegin(6, rank, world_size);
        for (int64_t i = 0; i < SliceSize(6, rank, world_size); ++i) {
          step.incoming.push_back(
              source.Make(begin + i == 0 ? 0 : 1, begin + i));
        }
      }
      const absl::StatusOr<Representatives> given = buffer->BeginStep(step);
      REPRISE_EXPECT_OK(given.status());
      if (s >= skipped) {
        std::lock_guard<std::mutex> lock(mutex);
        for (size_t i = 0; i < given->samples.size(); ++i) {
          drawn[s - skipped][given->draws[i]] = given->samples[i].id;
        }
      }
      REPRISE_EXPECT_OK(buffer->EndStep());
    }
  };
  if (world_size == 0) {
    world_size = 1;
    run(nullptr);
  } else {
    RunRanksAsThreads(world_size,
                      [&](Communicator& communicator) { run(&communicator); });
  }
  std::map<int64_t, int64_t> counts;
  for (int64_t first = 0; first < 6; ++first) {
    for (int64_t second = 0; second < 6; ++second) {
      if (first != second) counts[6 * first + second] = 0;
    }
  }
  for (const std::vector<int64_t>& pair : drawn) {
    ++counts[6 * pair[0] + pair[1]];
  }
  return counts;
}

TEST_P(RehearsalBufferConformance, DrawsEveryOrderedPairEquallyOften) {
  RehearsalBufferOptions options = Options();
  options.num_classes = 2;
  options.capacity_per_class = 5;
  options.candidates = std::nullopt;
  options.representatives = 2;
  for (const int world_size : {0, 2, 3}) {
    SCOPED_TRACE(world_size);
    // Ranks draw what one draws (history_cases.cc), but a step of theirs waits
    // for threads: fewer will do.
    const int64_t draws = world_size == 0 ? 6000 : 600;
    const std::map<int64_t, int64_t> counts =
        CountPairs(options, world_size, draws);
    ASSERT_EQ(counts.size(), 30u);  // nothing twice in a draw
    ExpectBinomial(Values(counts), draws, 1.0 / 30);
  }
}

// The ids that a buffer alone holds after it was offered `steps`.
std::set<int64_t> KeptAfter(RehearsalBufferOptions options, uint64_t seed,
                            const std::vector<std::vector<Sample>>& steps) {
  options.seed = seed;
  const auto buffer = MakeTestedBuffer(options, nullptr);
  absl::StatusOr<Representatives> given;
  const size_t more = options.asynchronous ? 2 : 1;
  for (size_t s = 0; s < steps.size() + more; ++s) {
    const std::vector<Sample> incoming =
        s < steps.size() ? steps[s] : std::vector<Sample>();
    given = buffer->BeginStep({static_cast<int64_t>(s / 5),
                               static_cast<int64_t>(s % 5), incoming,
                               static_cast<int64_t>(incoming.size())});
    REPRISE_EXPECT_OK(given.status());
    REPRISE_EXPECT_OK(buffer->EndStep());
  }
  std::set<int64_t> kept;
  for (const Sample& sample : given->samples) kept.insert(sample.id);
  EXPECT_EQ(kept.size(), given->samples.size());
  return kept;
}

// Of one class: what is drawn is all.
RehearsalBufferOptions OneClass(RehearsalBufferOptions options,
                                int64_t capacity) {
  options.num_classes = 1;
  options.capacity_per_class = capacity;
  options.candidates = std::nullopt;
  options.representatives = capacity;
  return options;
}

TEST_P(RehearsalBufferConformance, ReplacesEveryStoredSampleEquallyOften) {
  constexpr int64_t kSeeds = 6000, kCapacity = 10;
  Source source;
  const std::vector<std::vector<Sample>> steps = {source.Make(0, 0, kCapacity),
                                                  source.Make(0, 100, 1)};
  std::vector<int64_t> replaced(kCapacity);
  for (int64_t seed = 0; seed < kSeeds; ++seed) {
    const std::set<int64_t> kept =
        KeptAfter(OneClass(Options(), kCapacity), seed, steps);
    ASSERT_EQ(kept.size(), static_cast<size_t>(kCapacity));
    // A full class takes the late one in; a reservoir in 10 of 11 cases.
    ASSERT_TRUE(is_reservoir() || kept.count(100));
    for (int64_t id = 0; id < kCapacity; ++id) replaced[id] += !kept.count(id);
  }
  ExpectBinomial(replaced, kSeeds,
                 1.0 / (is_reservoir() ? kCapacity + 1 : kCapacity));
}

TEST_P(RehearsalBufferConformance,
       RetainsEarlySamplesEquallyOftenAfterManyReplacements) {
  if (is_reservoir()) GTEST_SKIP() << "a reservoir keeps all equally often";
  constexpr int64_t kSeeds = 4000, kCapacity = 20;
  Source source;
  std::vector<std::vector<Sample>> steps;
  for (int64_t s = 0; s < 10; ++s) steps.push_back(source.Make(0, s * 4, 4));
  std::vector<int64_t> kept(kCapacity);
  for (int64_t seed = 0; seed < kSeeds; ++seed) {
    for (const int64_t id :
         KeptAfter(OneClass(Options(), kCapacity), seed, steps)) {
      if (id < kCapacity) ++kept[id];
    }
  }
  // Each of the first 20 survives 20 replacements.
  ExpectBinomial(kept, kSeeds, std::pow(1 - 1.0 / kCapacity, 20));
}

TEST_P(RehearsalBufferConformance,
       AReservoirKeepsEveryCandidateEverOfferedEquallyOften) {
  if (!is_reservoir()) GTEST_SKIP() << "a full class prefers the new";
  // 64 candidates in steps of 7, unequal classes, over two tasks; 12 are kept.
  constexpr int64_t kOffered = 64, kSeeds = 6000;
  Source source;
  std::vector<std::vector<Sample>> steps;
  for (int64_t id = 0; id < kOffered; ++id) {
    if (id % 7 == 0) steps.emplace_back();
    steps.back().push_back(source.Make(id < 5 ? 0 : id < 30 ? 1 : 2, id));
  }
  RehearsalBufferOptions options = Options();
  options.capacity_per_class = 4;
  options.representatives = kOffered;
  std::vector<int64_t> kept(kOffered);
  for (int64_t seed = 0; seed < kSeeds; ++seed) {
    const std::set<int64_t> ids = KeptAfter(options, seed, steps);
    ASSERT_EQ(ids.size(), 12u);
    for (const int64_t id : ids) ++kept[id];
  }
  ExpectBinomial(kept, kSeeds, 12.0 / kOffered);
}

}  // namespace
}  // namespace reprise
