#include "core/base/run_position.h"

#include <signal.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <cstring>
#include <string>
#include <thread>

#include "core/base/phase.h"
#include "gtest/gtest.h"

namespace reprise {
namespace {

std::string Printed(const RunPosition& position,
                    size_t size = kLongestRunPosition) {
  std::string text(size, '?');
  const size_t length = PrintRunPosition(position, text.data(), size);
  EXPECT_EQ(strlen(text.c_str()), length);
  return text.substr(0, length);
}

TEST(RunPosition, IsPrintedAsFarAsItIsKnown) {
  EXPECT_EQ(Printed({0, 0, 0, Phase::kLoad, 0}), "");
  EXPECT_EQ(Printed({2, 0, 0, Phase::kOther, 0}), "task 2");
  EXPECT_EQ(Printed({2, 1, 0, Phase::kEvaluation, 0}),
            "task 2, epoch 1, evaluation");
  EXPECT_EQ(Printed({10, 2, 1234567890123, Phase::kBackward, 0}),
            "task 10, epoch 2, step 1234567890123, backward");
  EXPECT_EQ(Printed({10, 2, 3, Phase::kBackward, 0}, 12), "task 10, ep");
  constexpr int64_t kMost = INT64_MAX;
  EXPECT_LT(Printed({kMost, kMost, kMost, Phase::kReductionWait, 0}).size(),
            kLongestRunPosition - 1);
}

TEST(RunPosition, ASignalHandlerReadsItInTheMiddleOfAWriting) {
  PrepareRunPosition();
  // All fields are written with one number; the handler sees no two of them.
  static std::atomic<int64_t> torn{0}, reads{0};
  struct sigaction action = {}, before;
  action.sa_handler = [](int) {
    const RunPosition position = ReadRunPosition();
    if (position.task != position.epoch || position.task != position.step) {
      ++torn;
    }
    ++reads;
  };
  sigaction(SIGALRM, &action, &before);
  itimerval often = {{0, 50}, {0, 50}};
  setitimer(ITIMER_REAL, &often, nullptr);
  int64_t n = 0;
  while (reads < 200) {
    ++n;
    SetRunStep(n, n, n);
  }
  often = {};
  setitimer(ITIMER_REAL, &often, nullptr);
  sigaction(SIGALRM, &before, nullptr);
  EXPECT_EQ(torn, 0);
}

TEST(RunPosition, AnotherThreadReadsWholePositionsInOrder) {
  SetRunStep(0, 0, 0);
  std::atomic<bool> done{false};
  std::thread writer([&] {
    for (int64_t n = 1; n <= 300'000; ++n) SetRunStep(n, n, n);
    done = true;
  });
  int64_t last = 0;
  while (!done) {
    const RunPosition position = ReadRunPosition();
    ASSERT_EQ(position.task, position.epoch);
    ASSERT_EQ(position.task, position.step);
    ASSERT_GE(position.step, last);
    last = position.step;
  }
  writer.join();
  EXPECT_EQ(ReadRunPosition().step, 300'000);
}

TEST(RunPosition, AChildReadsWhereItsKilledParentWas) {
  PrepareRunPosition();
  int told[2];
  ASSERT_EQ(pipe(told), 0);
  const pid_t parent = fork();
  if (parent == 0) {
    const pid_t self = getpid();
    if (fork() == 0) {
      // Until the parent is gone.
      while (getppid() == self) usleep(1000);
      const std::string text = Printed(ReadRunPosition());
      _exit(write(told[1], text.data(), text.size()) < 0);
    }
    SetRunStep(3, 2, 40);
    SetRunPhase(Phase::kForward);
    raise(SIGKILL);
  }
  close(told[1]);
  EXPECT_EQ(waitpid(parent, nullptr, 0), parent);
  char text[kLongestRunPosition] = {};
  EXPECT_GT(read(told[0], text, sizeof(text) - 1), 0);
  EXPECT_STREQ(text, "task 3, epoch 2, step 40, forward");
}

}  // namespace
}  // namespace reprise
