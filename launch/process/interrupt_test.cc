#include "launch/process/interrupt.h"

#include <signal.h>
#include <unistd.h>

#include <cstdlib>
#include <string>

#include "core/base/run_position.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace reprise {
namespace {

TEST(InterruptLine, SaysWhatIsKnown) {
  EXPECT_EQ(InterruptLine(SIGINT, "task 1, epoch 2, step 31", "/r/a b"),
            "reprise: signal 2 (Interrupt) ended the run in task 1, epoch 2, "
            "step 31; results so far: /r/a b\n");
  EXPECT_EQ(InterruptLine(SIGHUP, "", ""),
            "reprise: signal 1 (Hangup) ended the run before its first step\n");
  // However long, it has an end.
  EXPECT_LT(InterruptLine(SIGTERM, "", std::string(100000, 'x')).size(), 5000u);
}

TEST(ReportInterruptsDeathTest, ProcessEndsByTheSignalAfterOneLine) {
  testing::FLAGS_gtest_death_test_style = "threadsafe";
  for (const int signal :
       {SIGINT, SIGTERM, SIGHUP, SIGXCPU, SIGUSR1, SIGUSR2}) {
    EXPECT_EXIT(
        {
          ReportInterrupts(/*may_use_terminal=*/true);
          SetRunStep(10, 2, 1234567890123);
          SetInterruptFolder("/the results");
          raise(signal);
          _exit(0);
        },
        testing::KilledBySignal(signal),
        "^reprise: signal [0-9]+ \\([A-Z][A-Za-z 12]+\\) ended the run in task "
        "10, "
        "epoch 2, step 1234567890123; results so far: /the results\n$");
  }
}

TEST(ReportInterruptsDeathTest, WhatIsIgnoredStaysIgnored) {
  testing::FLAGS_gtest_death_test_style = "threadsafe";
  EXPECT_EXIT(
      {
        signal(SIGHUP, SIG_IGN);
        ReportInterrupts(/*may_use_terminal=*/true);
        raise(SIGHUP);
        _exit(7);
      },
      testing::ExitedWithCode(7), "^$");
}

}  // namespace
}  // namespace reprise
