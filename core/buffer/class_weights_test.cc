#include "core/buffer/class_weights.h"

#include <cmath>
#include <cstdint>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace reprise {
namespace {

using ::testing::DoubleEq;
using ::testing::Each;
using ::testing::ElementsAre;

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

}  // namespace
}  // namespace reprise
