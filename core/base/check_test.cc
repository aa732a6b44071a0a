#include "core/base/check.h"

#include "gtest/gtest.h"

namespace reprise {
namespace {

TEST(CheckDeathTest, ABrokenInvariantNamesItsPlaceConditionDetailAndRank) {
  EXPECT_DEATH(
      {
        SetProcessRank(3);
        REPRISE_CHECK(1 + 1 == 3) << "sum of " << 2 << " ones";
      },
      "check_test.cc:[0-9]+: rank 3: .*1 \\+ 1 == 3.*sum of 2 ones");
}

TEST(Check, OfATrueConditionDoesNotEvaluateItsDetail) {
  int evaluations = 0;
  REPRISE_CHECK(true) << ++evaluations;
  EXPECT_EQ(evaluations, 0);
}

TEST(Check, InABranchWithoutBracesTakesNoElseAway) {
  bool taken = false;
  if (taken)
    REPRISE_CHECK(true);
  else
    taken = true;
  EXPECT_TRUE(taken);
}

}  // namespace
}  // namespace reprise
