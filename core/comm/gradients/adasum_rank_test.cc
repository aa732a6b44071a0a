// Adasum over any communicator, against its formulas written down anew.
#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <numeric>
#include <random>
#include <vector>

#include "core/base/dtype.h"
#include "core/base/status_matchers.h"
#include "core/comm/communicator.h"
#include "core/comm/gradients/adasum.h"
#include "core/comm/gradients/parameter_layout.h"
#include "gtest/gtest.h"
#include "tests/conformance/rank_cases.h"

namespace reprise {
namespace {

using Vector = std::vector<double>;

const std::vector<int64_t> kSizes = {7, 1, 0, 300, 2};

int64_t TotalSize() {
  return std::accumulate(kSizes.begin(), kSizes.end(), int64_t{0});
}

double Dot(const Vector& a, const Vector& b) {
  return std::inner_product(a.begin(), a.end(), b.begin(), 0.0);
}

// Of one parameter.
Vector Pair(const Vector& a, const Vector& b) {
  if (Dot(a, a) == 0) return b;
  if (Dot(b, b) == 0) return a;
  Vector sum(a.size());
  for (size_t i = 0; i < a.size(); ++i) {
    sum[i] = a[i] * (1 - Dot(a, b) / (2 * Dot(a, a))) +
             b[i] * (1 - Dot(a, b) / (2 * Dot(b, b)));
  }
  return sum;
}

Vector Tree(const std::vector<Vector>& of_ranks) {
  switch (of_ranks.size()) {
    case 1:
      return of_ranks[0];
    case 2:
      return Pair(of_ranks[0], of_ranks[1]);
    case 3:
      return Pair(Pair(of_ranks[0], of_ranks[2]), of_ranks[1]);
    default:
      return Pair(Pair(of_ranks[0], of_ranks[1]),
                  Pair(of_ranks[2], of_ranks[3]));
  }
}

Vector RandomGradients(int rank) {
  std::mt19937 numbers(rank);
  Vector gradients(TotalSize());
  // With a common part, so that dot products matter.
  for (size_t i = 0; i < gradients.size(); ++i) {
    gradients[i] = std::sin(i) + std::normal_distribution<double>()(numbers);
  }
  return gradients;
}

template <typename T>
std::vector<T> Combined(Communicator& communicator,
                        const std::vector<int64_t>& sizes, const Vector& mine) {
  const ParameterLayout layout(sizes);
  std::vector<T> flat(layout.length());
  size_t next = 0;
  for (int64_t p = 0; p < layout.num_parameters(); ++p) {
    std::copy_n(mine.begin() + next, layout.size(p),
                flat.begin() + layout.offset(p));
    next += layout.size(p);
  }
  Adasum adasum(communicator, layout, flat.data(),
                sizeof(T) == 8 ? DType::kFloat64 : DType::kFloat32);
  REPRISE_EXPECT_OK(adasum.Combine());
  const int64_t bytes = static_cast<int64_t>(flat.size() * sizeof(T));
  std::vector<T> all(flat.size() * communicator.world_size());
  REPRISE_EXPECT_OK(
      communicator.AllGather(flat.data(), bytes, all.data())->Wait());
  for (int rank = 0; rank < communicator.world_size(); ++rank) {
    EXPECT_EQ(std::memcmp(all.data() + rank * flat.size(), flat.data(), bytes),
              0)
        << "rank " << rank << " has other bytes";
  }
  std::vector<T> values;
  for (int64_t p = 0; p < layout.num_parameters(); ++p) {
    const auto begin = flat.begin() + layout.offset(p);
    const auto end = begin + layout.size(p);
    values.insert(values.end(), begin, end);
    EXPECT_EQ(std::count(end, flat.begin() + layout.offset(p + 1), T{0}),
              layout.offset(p + 1) - layout.offset(p) - layout.size(p));
  }
  return values;
}

void IsTheTreeOfPairsOfEachParameter(Communicator& communicator,
                                     const IssuedCollectives&) {
  const int ranks = communicator.world_size();
  const Vector mine = RandomGradients(communicator.rank());
  const std::vector<double> wide = Combined<double>(communicator, kSizes, mine);
  const std::vector<float> narrow = Combined<float>(communicator, kSizes, mine);
  int64_t offset = 0;
  for (const int64_t size : kSizes) {
    std::vector<Vector> of_ranks;
    for (int rank = 0; rank < ranks; ++rank) {
      const Vector all = RandomGradients(rank);
      of_ranks.emplace_back(all.begin() + offset, all.begin() + offset + size);
    }
    const Vector expected = Tree(of_ranks);
    for (int64_t i = 0; i < size; ++i) {
      EXPECT_NEAR(wide[offset + i], expected[i], 1e-13) << offset + i;
      EXPECT_NEAR(narrow[offset + i], expected[i], 1e-5) << offset + i;
    }
    offset += size;
  }
}

void OrthogonalGradientsAddAndEqualOnesAverage(Communicator& communicator,
                                               const IssuedCollectives&) {
  const int ranks = communicator.world_size();
  // A parameter with an axis for each rank, and one that is the same on all.
  Vector mine(ranks + 3, 0);
  mine[communicator.rank()] = communicator.rank() + 1;
  for (int i = 0; i < 3; ++i) mine[ranks + i] = 0.1 * (i + 1);
  const Vector sum = Combined<double>(communicator, {ranks, 3}, mine);
  for (int i = 0; i < ranks; ++i) EXPECT_EQ(sum[i], i + 1);
  for (int i = 0; i < 3; ++i) EXPECT_NEAR(sum[ranks + i], 0.1 * (i + 1), 1e-15);
}

void AZeroGradientChangesNothing(Communicator& communicator,
                                 const IssuedCollectives&) {
  for (int giver = 0; giver < communicator.world_size(); ++giver) {
    const Vector gradients = RandomGradients(giver);
    const bool gives = communicator.rank() == giver;
    EXPECT_EQ(Combined<double>(communicator, kSizes,
                               gives ? gradients : Vector(TotalSize(), 0.0)),
              gradients);
  }
}

void WhatIsNotFiniteStaysSo(Communicator& communicator,
                            const IssuedCollectives&) {
  Vector mine = {1, 2, 3};
  if (communicator.rank() == 0) mine[1] = INFINITY;
  const Vector sum = Combined<double>(communicator, {2, 1}, mine);
  EXPECT_FALSE(std::isfinite(sum[1]));
  EXPECT_EQ(sum[2], 3);
}

void ARankSendsLessThanTheVectorTwice(Communicator& communicator,
                                      const IssuedCollectives& issued) {
  const int ranks = communicator.world_size();
  if ((ranks & (ranks - 1)) != 0) return;
  const int64_t elements = 64 * 64;
  std::vector<float> flat(elements, 1);
  const size_t before = issued.size();
  Adasum adasum(communicator, ParameterLayout({elements}), flat.data(),
                DType::kFloat32);
  REPRISE_EXPECT_OK(adasum.Combine());
  int64_t sent = 0;
  for (size_t i = before; i < issued.size(); ++i) {
    sent += std::accumulate(issued[i].sent_bytes.begin(),
                            issued[i].sent_bytes.end(), int64_t{0});
  }
  const int64_t bytes = elements * static_cast<int64_t>(sizeof(float));
  EXPECT_EQ(sent, 2 * (ranks - 1) * bytes / ranks);
}

}  // namespace

std::vector<RankCase> RankCases() {
  return {
      {"IsTheTreeOfPairsOfEachParameter", IsTheTreeOfPairsOfEachParameter},
      {"OrthogonalGradientsAddAndEqualOnesAverage",
       OrthogonalGradientsAddAndEqualOnesAverage},
      {"AZeroGradientChangesNothing", AZeroGradientChangesNothing},
      {"WhatIsNotFiniteStaysSo", WhatIsNotFiniteStaysSo},
      {"ARankSendsLessThanTheVectorTwice", ARankSendsLessThanTheVectorTwice},
  };
}

}  // namespace reprise
