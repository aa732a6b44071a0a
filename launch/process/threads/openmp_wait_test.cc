#include "launch/process/threads/openmp_wait.h"

#include <cerrno>
#include <cstdlib>
#include <string>

#include "absl/status/status.h"
#include "gmock/gmock.h"
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

TEST_F(OpenMpWaitTest, WhatDoesNotStartAgainSpinsAsByDefaultAndSaysSo) {
  ASSERT_TRUE(LimitSpinning());
  setenv("LD_PRELOAD", "/usr/libexec/valgrind/vgpreload_core-amd64-linux.so",
         1);
  std::string program = "openmp_wait_test";
  char* arguments[] = {program.data(), nullptr};
  const absl::Status status = StartAgain(arguments);
  unsetenv("LD_PRELOAD");
  EXPECT_THAT(std::string(status.message()),
              testing::AllOf(testing::HasSubstr("valgrind"),
                             testing::HasSubstr("set GOMP_SPINCOUNT=30000")));
  EXPECT_EQ(OpenMpWait(), "");
}

TEST_F(OpenMpWaitTest, AProgramOfAnotherNameIsNotStarted) {
  ASSERT_TRUE(LimitSpinning());
  char* const name = program_invocation_short_name;
  char* const path = program_invocation_name;
  char other[] = "another";
  program_invocation_name = program_invocation_short_name = other;
  char* arguments[] = {other, nullptr};
  const absl::Status status = StartAgain(arguments);
  program_invocation_short_name = name;
  program_invocation_name = path;
  EXPECT_THAT(std::string(status.message()),
              testing::HasSubstr("which is not another"));
  EXPECT_EQ(OpenMpWait(), "");
}

TEST(OpenMpSecondStart, DISABLED_SeesTheVariable) {
  std::_Exit(OpenMpWait() == "GOMP_SPINCOUNT=30000" ? 17 : 3);
}

}  // namespace
}  // namespace reprise
