#include "launch/openmp_wait.h"

#include <cstdlib>
#include <string>

#include "gtest/gtest.h"

namespace reprise {
namespace {

class OpenMpWaitTest : public testing::Test {
 protected:
  OpenMpWaitTest() {
    unsetenv("OMP_WAIT_POLICY");
    unsetenv("GOMP_SPINCOUNT");
  }
};

TEST_F(OpenMpWaitTest, ThreadsSpinForLessUnlessTheUserHasChosen) {
  EXPECT_EQ(OpenMpWait(), "");
  EXPECT_TRUE(LimitSpinning());
  EXPECT_EQ(OpenMpWait(), "GOMP_SPINCOUNT=30000");
  // The second start, and ranks.
  EXPECT_FALSE(LimitSpinning());
}

TEST_F(OpenMpWaitTest, TheUsersOwnSettingsStay) {
  setenv("GOMP_SPINCOUNT", "1000", 1);
  EXPECT_FALSE(LimitSpinning());
  EXPECT_EQ(OpenMpWait(), "GOMP_SPINCOUNT=1000");
  setenv("OMP_WAIT_POLICY", "active", 1);
  EXPECT_FALSE(LimitSpinning());
  EXPECT_EQ(OpenMpWait(), "OMP_WAIT_POLICY=active GOMP_SPINCOUNT=1000");
}

// This test's program, started again with a filter that keeps one other test.
TEST_F(OpenMpWaitTest, TheProgramStartsAgainWithItsArgumentsAndVariables) {
  const auto start = [] {
    if (!LimitSpinning()) std::_Exit(1);
    std::string program = "openmp_wait_test";
    std::string filter = "--gtest_filter=OpenMpSecondStart.*";
    std::string disabled = "--gtest_also_run_disabled_tests";
    char* arguments[] = {program.data(), filter.data(), disabled.data(),
                         nullptr};
    (void)StartAgain(arguments);
    std::_Exit(2);
  };
  EXPECT_EXIT(start(), testing::ExitedWithCode(17), "");
}

TEST(OpenMpSecondStart, DISABLED_SeesTheVariable) {
  std::_Exit(OpenMpWait() == "GOMP_SPINCOUNT=30000" ? 17 : 3);
}

}  // namespace
}  // namespace reprise
