// What every Communicator must do, whatever carries its bytes.
#include <algorithm>
#include <cstdint>
#include <cstring>
#include <functional>
#include <memory>
#include <numeric>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "core/base/status.h"
#include "core/base/status_matchers.h"
#include "core/comm/agreement.h"
#include "core/comm/communicator.h"
#include "gtest/gtest.h"
#include "tests/conformance/rank_cases.h"

namespace reprise {
namespace {

const int64_t kCounts[] = {0, 1, 2, 3, 7, 1000, 100003};

// The bit patterns of small whole numbers as 16-bit floats.
uint16_t BFloat16Of(int value) {
  const float wide = static_cast<float>(value);
  uint32_t bits;
  std::memcpy(&bits, &wide, sizeof(bits));
  return static_cast<uint16_t>(bits >> 16);
}
uint16_t Float16Of(int value) {
  if (value == 0) return 0;
  int exponent = 0;
  while ((value >> exponent) > 1) ++exponent;
  return static_cast<uint16_t>(((exponent + 15) << 10) |
                               ((value << (10 - exponent)) & 0x3FF));
}

// What rank `rank` contributes to element i, from 0 to 12.
int Contribution(int rank, int64_t i) {
  return static_cast<int>((i * 5 + rank * 7) % 13);
}

int Expected(ReduceOp op, int world_size, int64_t i) {
  int result = Contribution(0, i);
  for (int rank = 1; rank < world_size; ++rank) {
    const int value = Contribution(rank, i);
    result = op == ReduceOp::kSum   ? result + value
             : op == ReduceOp::kMax ? std::max(result, value)
                                    : std::min(result, value);
  }
  return result;
}

template <typename T>
void CheckAllReduce(Communicator& communicator, DType dtype,
                    const std::function<T(int)>& encode) {
  for (const ReduceOp op : {ReduceOp::kSum, ReduceOp::kMax, ReduceOp::kMin}) {
    for (const int64_t count : kCounts) {
      std::vector<T> values(count), expected(count);
      for (int64_t i = 0; i < count; ++i) {
        values[i] = encode(Contribution(communicator.rank(), i));
        expected[i] = encode(Expected(op, communicator.world_size(), i));
      }
      REPRISE_EXPECT_OK(
          communicator.AllReduce(values.data(), count, dtype, op)->Wait());
      EXPECT_TRUE(values == expected)
          << "dtype " << static_cast<int>(dtype) << " op "
          << static_cast<int>(op) << " count " << count;
    }
  }
}

void AllReduceCombinesEveryTypeByEveryOperation(Communicator& communicator,
                                                const IssuedCollectives&) {
  const auto cast = [](auto like) {
    return [](int value) { return static_cast<decltype(like)>(value); };
  };
  CheckAllReduce<uint8_t>(communicator, DType::kUint8, cast(uint8_t{}));
  CheckAllReduce<int32_t>(communicator, DType::kInt32, cast(int32_t{}));
  CheckAllReduce<int64_t>(communicator, DType::kInt64, cast(int64_t{}));
  CheckAllReduce<uint16_t>(communicator, DType::kFloat16, Float16Of);
  CheckAllReduce<uint16_t>(communicator, DType::kBFloat16, BFloat16Of);
  CheckAllReduce<float>(communicator, DType::kFloat32, cast(float{}));
  CheckAllReduce<double>(communicator, DType::kFloat64, cast(double{}));
}

void SumsOfFloatsHaveTheSameBitsOnAllRanksAndEveryTime(
    Communicator& communicator, const IssuedCollectives&) {
  const int64_t count = 70001;
  std::mt19937 generator(communicator.rank());
  std::vector<float> mine(count);
  for (float& value : mine) {
    value = std::uniform_real_distribution<float>(-1, 1)(generator);
  }
  std::vector<float> first;
  for (int repetition = 0; repetition < 10; ++repetition) {
    std::vector<float> sums = mine;
    REPRISE_EXPECT_OK(
        communicator
            .AllReduce(sums.data(), count, DType::kFloat32, ReduceOp::kSum)
            ->Wait());
    if (repetition == 0) first = sums;
    EXPECT_EQ(std::memcmp(sums.data(), first.data(), count * sizeof(float)), 0)
        << "repetition " << repetition;
  }
  std::vector<float> everybodys(count * communicator.world_size());
  REPRISE_EXPECT_OK(
      communicator
          .AllGather(first.data(), count * sizeof(float), everybodys.data())
          ->Wait());
  for (int rank = 0; rank < communicator.world_size(); ++rank) {
    EXPECT_EQ(std::memcmp(everybodys.data() + rank * count, first.data(),
                          count * sizeof(float)),
              0)
        << "rank " << rank;
  }
}

void BroadcastReachesAllFromEveryRoot(Communicator& communicator,
                                      const IssuedCollectives&) {
  for (int root = 0; root < communicator.world_size(); ++root) {
    for (const int64_t bytes : kCounts) {
      std::string data(bytes, static_cast<char>('a' + communicator.rank()));
      REPRISE_EXPECT_OK(communicator.Broadcast(&data[0], bytes, root)->Wait());
      EXPECT_TRUE(data == std::string(bytes, static_cast<char>('a' + root)))
          << bytes << " bytes from rank " << root;
    }
  }
}

void AllGatherIsInTheOrderOfRanks(Communicator& communicator,
                                  const IssuedCollectives&) {
  for (const int64_t bytes : kCounts) {
    const std::string mine(bytes, static_cast<char>('a' + communicator.rank()));
    std::string received(bytes * communicator.world_size(), '?'), expected;
    for (int rank = 0; rank < communicator.world_size(); ++rank) {
      expected += std::string(bytes, static_cast<char>('a' + rank));
    }
    REPRISE_EXPECT_OK(
        communicator.AllGather(mine.data(), bytes, &received[0])->Wait());
    EXPECT_TRUE(received == expected) << bytes << " bytes";
  }
}

// A step's exchange in which bytes(from, to) bytes go from rank to rank.
void CheckAllToAllv(Communicator& communicator,
                    const std::function<int64_t(int, int)>& bytes) {
  const int me = communicator.rank(), ranks = communicator.world_size();
  const auto content = [&](int from, int to) {
    std::string text(bytes(from, to), '\0');
    for (size_t i = 0; i < text.size(); ++i) {
      text[i] = static_cast<char>(from * 31 + to * 17 + i);
    }
    return text;
  };
  std::string sent, expected;
  std::vector<int64_t> sent_bytes, received_bytes;
  for (int rank = 0; rank < ranks; ++rank) {
    sent += content(me, rank);
    expected += content(rank, me);
    sent_bytes.push_back(bytes(me, rank));
    received_bytes.push_back(bytes(rank, me));
  }
  std::string received(expected.size(), '?');
  REPRISE_EXPECT_OK(
      communicator
          .AllToAllv(sent.data(), sent_bytes, &received[0], received_bytes)
          ->Wait());
  EXPECT_TRUE(received == expected);
}

void AllToAllvMovesUnevenAndEmptyParts(Communicator& communicator,
                                       const IssuedCollectives&) {
  const int ranks = communicator.world_size();
  CheckAllToAllv(communicator, [](int from, int to) -> int64_t {
    return (from * 3 + to * 5) % 4 * 1000 + from;
  });
  CheckAllToAllv(communicator, [](int, int) -> int64_t { return 0; });
  CheckAllToAllv(communicator, [](int from, int to) -> int64_t {
    return from == to ? 77 : 0;
  });
  CheckAllToAllv(communicator, [ranks](int from, int to) -> int64_t {
    return from == ranks - 1 && to == 0 ? 1 << 20 : 0;
  });
  CheckAllToAllv(communicator,
                 [](int from, int) -> int64_t { return from == 0 ? 5000 : 0; });
  CheckAllToAllv(communicator,
                 [](int, int to) -> int64_t { return to == 0 ? 5000 : 0; });
}

void NobodyLeavesABarrierBeforeAllHaveEntered(Communicator& communicator,
                                              const IssuedCollectives&) {
  for (int repetition = 0; repetition < 10; ++repetition) {
    const int ranks = communicator.world_size();
    // A different rank is late each time.
    if (repetition % ranks == communicator.rank()) {
      absl::SleepFor(absl::Milliseconds(2));
    }
    const int64_t entered = absl::GetCurrentTimeNanos();
    REPRISE_EXPECT_OK(communicator.Barrier()->Wait());
    const int64_t mine[] = {entered, absl::GetCurrentTimeNanos()};
    std::vector<int64_t> all(2 * ranks);
    REPRISE_EXPECT_OK(
        communicator.AllGather(mine, sizeof(mine), all.data())->Wait());
    for (int a = 0; a < ranks; ++a) {
      for (int b = 0; b < ranks; ++b) EXPECT_LE(all[2 * a], all[2 * b + 1]);
    }
  }
}

void ManyCollectivesMayBeOutstanding(Communicator& communicator,
                                     const IssuedCollectives& issued) {
  const int ranks = communicator.world_size();
  const int kRounds = 60;
  struct Round {
    std::vector<double> sums;
    int32_t from_root = 0, mine = 0;
    std::vector<int32_t> gathered, sent, received;
  };
  std::vector<Round> rounds(kRounds);
  std::vector<std::shared_ptr<Work>> works;
  const std::vector<int64_t> each(ranks, sizeof(int32_t));
  for (int i = 0; i < kRounds; ++i) {
    Round& round = rounds[i];
    round.sums.assign(1 + i * 100, communicator.rank() + i);
    round.mine = round.from_root = 1000 * communicator.rank() + i;
    round.gathered.resize(ranks);
    round.sent.assign(ranks, round.mine);
    round.received.resize(ranks);
    works.push_back(communicator.AllReduce(round.sums.data(), round.sums.size(),
                                           DType::kFloat64, ReduceOp::kSum));
    works.push_back(
        communicator.Broadcast(&round.from_root, sizeof(int32_t), i % ranks));
    works.push_back(communicator.AllGather(&round.mine, sizeof(int32_t),
                                           round.gathered.data()));
    works.push_back(communicator.AllToAllv(round.sent.data(), each,
                                           round.received.data(), each));
    works.push_back(communicator.Barrier());
  }
  for (size_t i = works.size(); i > 0; --i) {
    REPRISE_EXPECT_OK(works[i - 1]->Wait());
  }
  for (int i = 0; i < kRounds; ++i) {
    const double sum = ranks * (ranks - 1) / 2.0 + i * ranks;
    EXPECT_EQ(rounds[i].sums, std::vector<double>(1 + i * 100, sum));
    EXPECT_EQ(rounds[i].from_root, 1000 * (i % ranks) + i);
    for (int rank = 0; rank < ranks; ++rank) {
      EXPECT_EQ(rounds[i].gathered[rank], 1000 * rank + i);
      EXPECT_EQ(rounds[i].received[rank], 1000 * rank + i);
    }
  }
  EXPECT_EQ(issued.size(), works.size());
}

void CollectivesAreIssuedInDeclaredOrderWhateverOpensFirst(
    Communicator& communicator, const IssuedCollectives& issued) {
  const int kCollectives = 12;
  std::mt19937 generator(100 + communicator.rank());
  std::vector<int64_t> values(kCollectives);
  std::vector<std::shared_ptr<Work>> works;
  for (int i = 0; i < kCollectives; ++i) {
    values[i] = i;
    // The last one is open from the start and waits for its turn all the same.
    works.push_back(communicator.AllReduce(
        &values[i], 1, DType::kInt64, ReduceOp::kSum,
        i + 1 == kCollectives ? Gate::kOpen : Gate::kClosed));
  }
  std::vector<int> order(kCollectives - 1);
  std::iota(order.begin(), order.end(), 0);
  std::shuffle(order.begin(), order.end(), generator);
  for (const int i : order) {
    EXPECT_FALSE(works[i]->Done());
    EXPECT_FALSE(works[kCollectives - 1]->Done());
    absl::SleepFor(absl::Microseconds(generator() % 300));
    works[i]->Open();
  }
  for (int i = 0; i < kCollectives; ++i) {
    REPRISE_EXPECT_OK(works[i]->Wait());
    EXPECT_TRUE(works[i]->Done());
    EXPECT_EQ(values[i], i * communicator.world_size());
    EXPECT_LE(works[i]->times().ready, works[i]->times().begun);
    EXPECT_LE(works[i]->times().begun, works[i]->times().completed);
    if (i > 0) {
      EXPECT_LE(works[i - 1]->times().begun, works[i]->times().begun);
    }
  }
  for (int i = 0; i < kCollectives; ++i) EXPECT_EQ(issued[i].data, &values[i]);
}

void SeveralThreadsMayWaitAtOnce(Communicator& communicator,
                                 const IssuedCollectives&) {
  constexpr int kThreads = 3;
  for (int repetition = 0; repetition < 30; ++repetition) {
    std::vector<int64_t> values(2 * kThreads);
    std::vector<std::shared_ptr<Work>> works;
    for (int i = 0; i < 2 * kThreads; ++i) {
      values[i] = i;
      works.push_back(
          communicator.AllReduce(&values[i], 1, DType::kInt64, ReduceOp::kSum,
                                 i < kThreads ? Gate::kOpen : Gate::kClosed));
    }
    std::vector<std::thread> threads;
    for (int t = 0; t < kThreads; ++t) {
      threads.emplace_back([&, t] {
        // Some wait first for what is opened last.
        const int late = 2 * kThreads - 1 - t;
        for (const int i : {t == 0 ? late : t, t == 0 ? t : late}) {
          REPRISE_EXPECT_OK(works[i]->Wait());
          EXPECT_EQ(values[i], i * communicator.world_size());
        }
      });
    }
    for (int i = kThreads; i < 2 * kThreads; ++i) {
      absl::SleepFor(absl::Microseconds(100 * (repetition % 3)));
      works[i]->Open();
    }
    for (std::thread& thread : threads) thread.join();
  }
}

void ACollectiveCompletesWhoeverWaits(Communicator& communicator,
                                      const IssuedCollectives&) {
  for (int repetition = 0; repetition < 20; ++repetition) {
    REPRISE_EXPECT_OK(communicator.Barrier()->Wait());
    int64_t value = 1;
    // At once after a Wait, or not.
    if (repetition % 2 == 1) absl::SleepFor(absl::Milliseconds(2));
    const std::shared_ptr<Work> work =
        communicator.AllReduce(&value, 1, DType::kInt64, ReduceOp::kSum);
    const absl::Time deadline = absl::Now() + absl::Seconds(10);
    while (!work->Done() && absl::Now() < deadline) {
      absl::SleepFor(absl::Microseconds(100));
    }
    EXPECT_TRUE(work->Done());
    REPRISE_EXPECT_OK(work->Wait());
    EXPECT_EQ(value, communicator.world_size());
  }
}

void AStepWithABigExchangeAndBigSumsCompletes(Communicator& communicator,
                                              const IssuedCollectives&) {
  CheckAllToAllv(communicator, [](int from, int to) -> int64_t {
    return (4 << 20) + from + to;
  });
  std::vector<float> values(4 << 20, 1.0f);
  REPRISE_EXPECT_OK(communicator
                        .AllReduce(values.data(), values.size(),
                                   DType::kFloat32, ReduceOp::kSum)
                        ->Wait());
  EXPECT_TRUE(values ==
              std::vector<float>(
                  4 << 20, static_cast<float>(communicator.world_size())));
}

void StringsOfAnyLengthAreGathered(Communicator& communicator,
                                   const IssuedCollectives&) {
  const auto of = [](int rank) {
    return rank == 1 ? std::string()
                     : std::string(rank * 1000, 'x') + std::string(1, '\0') +
                           absl::StrCat(rank);
  };
  const absl::StatusOr<std::vector<std::string>> all =
      AllGatherStrings(communicator, of(communicator.rank()));
  REPRISE_EXPECT_OK(all);
  for (int rank = 0; all.ok() && rank < communicator.world_size(); ++rank) {
    EXPECT_EQ((*all)[rank], of(rank));
  }
  const absl::StatusOr<std::vector<std::string>> on_rank_0 =
      GatherStringsOnRank0(communicator, of(communicator.rank()));
  REPRISE_EXPECT_OK(on_rank_0);
  EXPECT_EQ(*on_rank_0,
            communicator.rank() == 0 ? *all : std::vector<std::string>());
}

void AllRanksAgreeOnTheLowestFailure(Communicator& communicator,
                                     const IssuedCollectives&) {
  const int me = communicator.rank(), ranks = communicator.world_size();
  REPRISE_EXPECT_OK(AgreeOnStatus(communicator, absl::OkStatus()));
  for (int lowest = 0; lowest < ranks; ++lowest) {
    const absl::Status agreed = AgreeOnStatus(
        communicator,
        me < lowest ? absl::OkStatus()
                    : DataError(absl::StrCat("  file of ", me, " is short")));
    EXPECT_THAT(agreed, ExitsWith(ExitCode::kData));
    EXPECT_EQ(agreed.code(), absl::StatusCode::kDataLoss);
    const std::string text = absl::StrCat("  file of ", lowest, " is short");
    EXPECT_EQ(agreed.message(),
              ranks == 1 ? text : absl::StrCat("rank ", lowest, ": ", text));
  }
  EXPECT_FALSE(AgreeOnStatus(communicator, me == 0 ? absl::InternalError("")
                                                   : absl::OkStatus())
                   .ok());
}

void RanksAreNumberedWithinTheirHost(Communicator& communicator,
                                     const IssuedCollectives&) {
  // All ranks of the test run on this host.
  EXPECT_EQ(communicator.local_rank(), communicator.rank());
  EXPECT_EQ(communicator.local_size(), communicator.world_size());
  EXPECT_FALSE(communicator.Describe().empty());
}

}  // namespace

std::vector<RankCase> RankCases() {
  return {
      {"AllReduceCombinesEveryTypeByEveryOperation",
       AllReduceCombinesEveryTypeByEveryOperation},
      {"SumsOfFloatsHaveTheSameBitsOnAllRanksAndEveryTime",
       SumsOfFloatsHaveTheSameBitsOnAllRanksAndEveryTime},
      {"BroadcastReachesAllFromEveryRoot", BroadcastReachesAllFromEveryRoot},
      {"AllGatherIsInTheOrderOfRanks", AllGatherIsInTheOrderOfRanks},
      {"AllToAllvMovesUnevenAndEmptyParts", AllToAllvMovesUnevenAndEmptyParts},
      {"NobodyLeavesABarrierBeforeAllHaveEntered",
       NobodyLeavesABarrierBeforeAllHaveEntered},
      {"ManyCollectivesMayBeOutstanding", ManyCollectivesMayBeOutstanding},
      {"CollectivesAreIssuedInDeclaredOrderWhateverOpensFirst",
       CollectivesAreIssuedInDeclaredOrderWhateverOpensFirst},
      {"SeveralThreadsMayWaitAtOnce", SeveralThreadsMayWaitAtOnce},
      {"ACollectiveCompletesWhoeverWaits", ACollectiveCompletesWhoeverWaits},
      {"AStepWithABigExchangeAndBigSumsCompletes",
       AStepWithABigExchangeAndBigSumsCompletes},
      {"StringsOfAnyLengthAreGathered", StringsOfAnyLengthAreGathered},
      {"AllRanksAgreeOnTheLowestFailure", AllRanksAgreeOnTheLowestFailure},
      {"RanksAreNumberedWithinTheirHost", RanksAreNumberedWithinTheirHost},
  };
}

}  // namespace reprise
