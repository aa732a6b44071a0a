#include "core/buffer/class_weights.h"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <set>
#include <vector>

#include "core/base/philox.h"
#include "core/buffer/candidate_selection.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace reprise {
namespace {

using ::testing::DoubleEq;
using ::testing::Each;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

TEST(ClassWeights, AreOneBeforeAnythingWasOffered) {
  EXPECT_THAT(ClassWeights(64, 20, {0, 0, 0}, {0, 0, 0}),
              ElementsAre(1.0, 1.0, 1.0));
  EXPECT_THAT(ClassWeights(64, 0, {0}, {0}), ElementsAre(1.0));
}

TEST(ClassWeights, FollowTheFormula) {
  // offered 600, held 8, total = 3.2 * 75 = 240: ln(500/600 * 240) = ln 200.
  EXPECT_THAT(ClassWeights(64, 20, {500, 100, 0}, {4, 4, 0}),
              ElementsAre(DoubleEq(std::log(500 / 600.0 * 240)),
                          DoubleEq(std::log(100 / 600.0 * 240)), 1.0));
}

TEST(ClassWeights, AreAtLeastOne) {
  // total = 3.2 * 1: ln(1.6) < 1.
  EXPECT_THAT(ClassWeights(64, 20, {10, 10}, {10, 10}), Each(1.0));
}

TEST(ClassWeights, StayOneOnMnistAtSixThousandPerClass) {
  // All 60,000 offered and held: the published setting has no effect there.
  EXPECT_THAT(ClassWeights(64, 20, std::vector<int64_t>(10, 6000),
                           std::vector<int64_t>(10, 6000)),
              Each(1.0));
}

TEST(SelectCandidates, TakesDifferentIncomingSamples) {
  const StreamKey key{1, Purpose::kCandidateDraw, 0, 3, 0};
  const std::vector<int64_t> chosen = SelectCandidates(64, 20, key);
  EXPECT_EQ(std::set<int64_t>(chosen.begin(), chosen.end()).size(), 20u);
  EXPECT_GE(*std::min_element(chosen.begin(), chosen.end()), 0);
  EXPECT_LT(*std::max_element(chosen.begin(), chosen.end()), 64);
  EXPECT_EQ(chosen, SelectCandidates(64, 20, key));
}

TEST(SelectCandidates, TakesAllOfAShortBatchAndNoneOfAnEmptyOne) {
  const StreamKey key{1, Purpose::kCandidateDraw, 0, 3, 0};
  EXPECT_EQ(SelectCandidates(7, 20, key).size(), 7u);
  EXPECT_THAT(SelectCandidates(0, 20, key), IsEmpty());
  EXPECT_THAT(SelectCandidates(64, 0, key), IsEmpty());
}

}  // namespace
}  // namespace reprise
