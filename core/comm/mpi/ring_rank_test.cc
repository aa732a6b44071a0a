// AllReduce over MPI adds in the order that its transport documents.
#include <cstdint>
#include <cstring>
#include <random>
#include <vector>

#include "core/base/dtype.h"
#include "core/base/status_matchers.h"
#include "core/comm/collective.h"
#include "core/comm/communicator.h"
#include "core/comm/mpi/mpi_transport.h"
#include "core/comm/reduce.h"
#include "gtest/gtest.h"
#include "tests/conformance/rank_cases.h"

namespace reprise {
namespace {

// Part p of W: ((rank p-1's + rank p's) + rank p+1's) + ..., the parts' lengths
// equal but for the first few, which are longer by an element.
template <typename T>
std::vector<T> RingSum(const std::vector<T>& of_all_ranks, int64_t count,
                       int ranks, DType dtype) {
  std::vector<T> sum(count);
  int64_t begin = 0;
  for (int part = 0; part < ranks; ++part) {
    const int64_t length = count / ranks + (part < count % ranks ? 1 : 0);
    for (int k = 0; k < ranks && length > 0; ++k) {
      const int rank = (part - 1 + k + ranks) % ranks;
      const T* term = of_all_ranks.data() + rank * count + begin;
      if (k == 0) {
        std::memcpy(sum.data() + begin, term, length * sizeof(T));
      } else {
        Reduce(term, sum.data() + begin, length, dtype, ReduceOp::kSum);
      }
    }
    begin += length;
  }
  return sum;
}

// ((rank 0's + rank 1's) + rank 2's) + ...
template <typename T>
std::vector<T> RankSum(const std::vector<T>& of_all_ranks, int64_t count,
                       int ranks, DType dtype) {
  std::vector<T> sum(of_all_ranks.begin(), of_all_ranks.begin() + count);
  for (int rank = 1; rank < ranks; ++rank) {
    Reduce(of_all_ranks.data() + rank * count, sum.data(), count, dtype,
           ReduceOp::kSum);
  }
  return sum;
}

template <typename T, typename Draw>
void CheckSums(Communicator& communicator, DType dtype, const Draw& draw) {
  const int ranks = communicator.world_size();
  const int64_t most_gathered =
      kGatheredAllReduceBytes / static_cast<int64_t>(sizeof(T));
  for (const int64_t count :
       {int64_t{1}, int64_t{2}, int64_t{5}, most_gathered, most_gathered + 1,
        int64_t{70001}, int64_t{4000037}}) {
    std::vector<T> mine(count), all(count * ranks);
    for (T& value : mine) value = draw();
    const int64_t bytes = count * static_cast<int64_t>(sizeof(T));
    REPRISE_EXPECT_OK(
        communicator.AllGather(mine.data(), bytes, all.data())->Wait());
    REPRISE_EXPECT_OK(
        communicator.AllReduce(mine.data(), count, dtype, ReduceOp::kSum)
            ->Wait());
    EXPECT_TRUE(mine == (count <= most_gathered
                             ? RankSum(all, count, ranks, dtype)
                             : RingSum(all, count, ranks, dtype)))
        << count << " of type " << static_cast<int>(dtype);
  }
}

void SumsAreAddedInTheDocumentedOrder(Communicator& communicator,
                                      const IssuedCollectives&) {
  std::mt19937 generator(communicator.rank());
  std::uniform_real_distribution<float> uniform(-1, 1);
  CheckSums<float>(communicator, DType::kFloat32,
                   [&] { return uniform(generator); });
  // From 1 to 2 as bf16.
  CheckSums<uint16_t>(communicator, DType::kBFloat16, [&] {
    return static_cast<uint16_t>(0x3F80 + generator() % 128);
  });
}

}  // namespace

std::vector<RankCase> RankCases() {
  return {
      {"SumsAreAddedInTheDocumentedOrder", SumsAreAddedInTheDocumentedOrder}};
}

}  // namespace reprise
