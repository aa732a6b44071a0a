#include "core/metrics/progress/progress_sink.h"

#include <fcntl.h>
#include <pty.h>
#include <unistd.h>

#include <cstdlib>
#include <functional>
#include <string>
#include <thread>
#include <vector>

#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "core/base/log.h"
#include "core/base/status_matchers.h"
#include "core/metrics/testing/scripted_run.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace reprise {
namespace {

using ::testing::Contains;
using ::testing::Each;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::SizeIs;
using ::testing::StartsWith;

// A clock that stands still unless a test moves it.
absl::Time fake_now = absl::UnixEpoch();
absl::Time FakeNow() { return fake_now; }

// What `write` writes to the descriptor it is given, read at the other end of
// a pipe, or of a real pseudo terminal of 100 columns.
std::string BytesOf(int read_fd, int write_fd,
                    const std::function<void(int)>& write) {
  std::string bytes;
  std::thread reader([&] {
    char buffer[4096];
    ssize_t got;
    // A pseudo terminal whose other end is closed answers EIO.
    while ((got = read(read_fd, buffer, sizeof(buffer))) > 0) {
      bytes.append(buffer, got);
    }
  });
  write(write_fd);
  close(write_fd);
  reader.join();
  close(read_fd);
  return bytes;
}

std::string OnPipe(const std::function<void(int)>& write) {
  int ends[2];
  EXPECT_EQ(pipe(ends), 0);
  return BytesOf(ends[0], ends[1], write);
}

std::string OnTerminal(const std::function<void(int)>& write) {
  int master, slave;
  const struct winsize size = {24, 100, 0, 0};
  EXPECT_EQ(openpty(&master, &slave, nullptr, nullptr, &size), 0);
  return BytesOf(master, slave, write);
}

// The lines that a terminal shows once it has got `bytes`: carriage return,
// erase to the end of the line, colours.
std::vector<std::string> ScreenOf(const std::string& bytes) {
  std::vector<std::string> lines(1);
  size_t column = 0;
  for (size_t i = 0; i < bytes.size(); ++i) {
    const char c = bytes[i];
    if (c == '\n') {
      lines.emplace_back();
      column = 0;
    } else if (c == '\r') {
      column = 0;
    } else if (c == '\033') {
      const size_t end = bytes.find_first_of("Km", i);
      if (bytes[end] == 'K') lines.back().resize(column);
      i = end;
    } else {
      if (lines.back().size() <= column) lines.back().resize(column + 1);
      lines.back()[column++] = c;
    }
  }
  return lines;
}

class ProgressTest : public ::testing::Test {
 protected:
  ProgressTest() {
    setenv("TERM", "xterm", 1);
    unsetenv("NO_COLOR");
    unsetenv("COLUMNS");
    fake_now = absl::UnixEpoch();
  }

  static void PlayOn(int fd, const RunStart& run = ScriptedRunStart()) {
    ProgressOptions options = DetectTerminal(fd);
    options.now = FakeNow;
    auto sink = MakeProgressSink(options);
    REPRISE_ASSERT_OK(sink->OnRunStart(run));
    for (int task = 0; task < 3; ++task) {
      fake_now += absl::Seconds(1);
      REPRISE_ASSERT_OK(PlayScriptedTask(task, *sink));
    }
    REPRISE_ASSERT_OK(sink->OnRunEnd(ScriptedRunEnd()));
  }
};

TEST_F(ProgressTest, APipeGetsPlainLinesOnePerEpochAndEvaluationAndTheTable) {
  const std::string expected =
      R"(scripted: agent icarl, model mnistnet, data mnist, 3 tasks of 1 epoch, 2 ranks, seed 42
task 1/3 epoch 0/1: test nme top1 -; logits top1 0.1000
task 1/3 epoch 1/1: train loss 0.5000 top1 0.8125 top5 0.9688, 4 steps in 10.0 s, 100 img/s, lr 0.01
task 1/3 epoch 1/1: test nme top1 0.9000; logits top1 1.0000
task 1/3 done in 13 s, nme top1 0.9000, logits top1 1.0000
task 2/3 epoch 0/1: test nme top1 - -; logits top1 0.1000 0.1000
task 2/3 epoch 1/1: train loss 0.5000 top1 0.8125 top5 0.9688, 4 steps in 10.0 s, 100 img/s, lr 0.01
task 2/3 epoch 1/1: test nme top1 0.9500 0.9600; logits top1 1.0000 1.0000
task 2/3 done in 13 s, nme top1 0.9543, logits top1 1.0000
task 3/3 epoch 0/1: test nme top1 - - -; logits top1 0.1000 0.1000 0.1000
task 3/3 epoch 1/1: train loss 0.5000 top1 0.8125 top5 0.9688, 4 steps in 10.0 s, 100 img/s, lr 0.01
task 3/3 epoch 1/1: test nme top1 0.8000 0.9700 0.9100; logits top1 1.0000 1.0000 1.0000
task 3/3 done in 13 s, nme top1 0.8840, logits top1 1.0000

top1 accuracy, nme (primary head)
row = after task i, column = task j's test set, A = task mean, S = sample mean
                  task 1   task 2   task 3        A        S
after task 1      0.9000                     0.9000   0.9000
after task 2      0.9500   0.9600            0.9550   0.9543
after task 3      0.8000   0.9700   0.9100   0.8933   0.8840
  task_mean_accuracy             0.8933  A(T) = 1/T sum_j a(T,j)
  sample_mean_accuracy           0.8840  S(T) = sum_j n(j) a(T,j) / sum_j n(j)
  average_incremental_accuracy   0.9128  1/T sum_i S(i)
  forgetting                     0.0700  1/(T-1) sum_{j<T} [max_{j<=i<T} a(i,j) - a(T,j)]
  backward_transfer             -0.0450  1/(T-1) sum_{j<T} [a(T,j) - a(j,j)]

top1 accuracy, logits
row = after task i, column = task j's test set, A = task mean, S = sample mean
                  task 1   task 2   task 3        A        S
after task 1      1.0000                     1.0000   1.0000
after task 2      1.0000   1.0000            1.0000   1.0000
after task 3      1.0000   1.0000   1.0000   1.0000   1.0000
  task_mean_accuracy             1.0000  A(T) = 1/T sum_j a(T,j)
  sample_mean_accuracy           1.0000  S(T) = sum_j n(j) a(T,j) / sum_j n(j)
  average_incremental_accuracy   1.0000  1/T sum_i S(i)
  forgetting                     0.0000  1/(T-1) sum_{j<T} [max_{j<=i<T} a(i,j) - a(T,j)]
  backward_transfer              0.0000  1/(T-1) sum_{j<T} [a(T,j) - a(j,j)]

time by phase, rank 0
  load                  0.0 s   0.0 %
  rehearsal_wait        0.0 s   0.0 %
  forward              10.0 s  25.0 %
  backward             20.0 s  50.0 %
  reduction_wait        0.0 s   0.0 %
  optimizer             0.0 s   0.0 %
  buffer_update         0.0 s   0.0 %
  evaluation            5.0 s  12.5 %
  other                 5.0 s  12.5 %
  total                40.0 s
  of the gradients' reduction backward hid 25.0 %

results: results/scripted
)";
  EXPECT_EQ(OnPipe([](int fd) { PlayOn(fd); }), expected);
}

TEST_F(ProgressTest, ATerminalShowsALiveLineAndKeepsOneLineATask) {
  const std::string bytes = OnTerminal([](int fd) { PlayOn(fd); });
  EXPECT_THAT(bytes,
              HasSubstr("\r\033[Ktask 2/3  epoch 1/1  step 1/4  100 img/s  "
                        "loss 2.0000  accuracy 0.5000  3 s left"));
  EXPECT_THAT(bytes, HasSubstr("\033[1mscripted\033[0m"));
  const std::vector<std::string> screen = ScreenOf(bytes);
  EXPECT_THAT(screen[0], StartsWith("scripted: agent icarl"));
  EXPECT_EQ(screen[1],
            "task 1/3 done in 13 s, nme top1 0.9000, "
            "logits top1 1.0000");
  EXPECT_THAT(screen[3], StartsWith("task 3/3 done"));
  EXPECT_THAT(screen, Each(Not(HasSubstr("step"))));
  EXPECT_THAT(screen, Contains("results: results/scripted"));
}

TEST_F(ProgressTest, TheLiveLineIsRedrawnAtMostTenTimesASecond) {
  const std::string bytes = OnTerminal([](int fd) {
    ProgressOptions options = DetectTerminal(fd);
    options.now = FakeNow;
    auto sink = MakeProgressSink(options);
    for (int i = 0; i < 1000; ++i) {
      REPRISE_ASSERT_OK(sink->OnStep(StepRecord()));
      fake_now += absl::Milliseconds(1);
    }
  });
  const std::vector<std::string> draws = absl::StrSplit(bytes, "loss");
  EXPECT_THAT(draws, SizeIs(11));
}

TEST_F(ProgressTest, TheLiveLineNeverWrapsAndDropsItsLastParts) {
  for (int width : {1, 20, 45, 80}) {
    const std::string bytes = OnTerminal([width](int fd) {
      ProgressOptions options = DetectTerminal(fd);
      EXPECT_EQ(options.width, 100);
      options.width = width;
      auto sink = MakeProgressSink(options);
      REPRISE_ASSERT_OK(sink->OnStep(StepRecord()));
    });
    const std::vector<std::string> pieces = absl::StrSplit(bytes, "\r\033[K");
    ASSERT_THAT(pieces, SizeIs(3));
    EXPECT_LT(pieces[1].size(), static_cast<size_t>(width));
  }
}

TEST_F(ProgressTest, ALineOfTheLogAppearsOnALineOfItsOwn) {
  const std::string bytes = OnTerminal([](int fd) {
    const int saved_stderr = dup(2);
    dup2(fd, 2);
    ProgressOptions options = DetectTerminal(fd);
    options.now = FakeNow;
    auto sink = MakeProgressSink(options);
    REPRISE_ASSERT_OK(sink->OnStep(StepRecord()));
    std::thread([] { LogInfo("from the log"); }).join();
    fake_now += absl::Seconds(1);
    REPRISE_ASSERT_OK(sink->OnStep(StepRecord()));
    sink.reset();
    LogInfo("after the run");
    dup2(saved_stderr, 2);
    close(saved_stderr);
  });
  EXPECT_EQ(absl::StrJoin(ScreenOf(bytes), "|"), "from the log|after the run|");
}

TEST_F(ProgressTest, ADumbTerminalGetsPlainLines) {
  setenv("TERM", "dumb", 1);
  const std::string bytes = OnTerminal([](int fd) { PlayOn(fd); });
  EXPECT_THAT(bytes, Not(HasSubstr("\033")));
  EXPECT_THAT(bytes, HasSubstr("task 3/3 epoch 1/1: train loss"));
}

TEST_F(ProgressTest, NoColorLeavesTheLiveLineWithoutColour) {
  setenv("NO_COLOR", "1", 1);
  const std::string bytes = OnTerminal([](int fd) { PlayOn(fd); });
  EXPECT_THAT(bytes, Not(HasSubstr("\033[1m")));
  EXPECT_THAT(bytes, HasSubstr("\033[K"));
}

TEST_F(ProgressTest, ColumnsWinsOverTheTerminalAndFoldsTheTable) {
  setenv("COLUMNS", "45", 1);
  const std::vector<std::string> screen =
      ScreenOf(OnTerminal([](int fd) { PlayOn(fd); }));
  EXPECT_THAT(screen, Contains("after task 3      0.8000   0.9700   0.9100"));
  EXPECT_THAT(screen, Contains("after task 3      0.8933   0.8840"));
}

TEST_F(ProgressTest, GeneratedDataIsTheFirstAndTheLastThingSaid) {
  RunStart run = ScriptedRunStart();
  run.generated_data = true;
  const std::string bytes = OnPipe([&](int fd) { PlayOn(fd, run); });
  EXPECT_THAT(bytes, StartsWith("*** GENERATED DATA"));
  std::vector<std::string> lines = absl::StrSplit(bytes, '\n');
  EXPECT_THAT(lines[lines.size() - 2], StartsWith("*** GENERATED DATA"));
}

TEST_F(ProgressTest, ARunWithoutEvaluationSaysSo) {
  const std::string bytes = OnPipe([](int fd) {
    auto sink = MakeProgressSink(DetectTerminal(fd));
    REPRISE_ASSERT_OK(sink->OnRunStart(ScriptedRunStart()));
    REPRISE_ASSERT_OK(sink->OnRunEnd(RunEnd()));
  });
  EXPECT_THAT(bytes, HasSubstr("no evaluation, so no accuracy matrix"));
}

TEST_F(ProgressTest, AnOutputThatCannotBeWrittenIsAnError) {
  ProgressOptions options;
  options.fd = open("/dev/full", O_WRONLY);
  EXPECT_THAT(MakeProgressSink(options)->OnRunStart(ScriptedRunStart()),
              FailsWith("No space left"));
  close(options.fd);
}

}  // namespace
}  // namespace reprise
