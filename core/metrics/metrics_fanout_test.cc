#include "core/metrics/metrics_fanout.h"

#include <algorithm>
#include <cstdint>
#include <memory>
#include <set>
#include <vector>

#include "absl/status/status.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "core/base/status.h"
#include "core/base/status_matchers.h"
#include "core/metrics/metric_sink.h"
#include "core/metrics/testing/scripted_run.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace reprise {
namespace {

using ::testing::internal::CaptureStderr;
using ::testing::internal::GetCapturedStderr;

// Counts calls; from call `first_failure` (from 1) on, they fail.
class FailingSink final : public MetricSink {
 public:
  FailingSink(int* calls, int first_failure)
      : calls_(*calls), first_failure_(first_failure) {}
  absl::Status OnStep(const StepRecord&) override {
    return ++calls_ < first_failure_ ? absl::OkStatus()
                                     : StorageError("disk full");
  }

 private:
  int& calls_;
  const int first_failure_;
};

using OnFailure = MetricsFanout::OnFailure;

TEST(MetricsFanoutTest, AFailureOfTheTruthStopsTheRunWithItsExitCode) {
  MetricsFanout fanout;
  int truth_calls = 0, other_calls = 0;
  fanout.Add("metrics.jsonl", OnFailure::kStopRun,
             std::make_unique<FailingSink>(&truth_calls, 2));
  fanout.Add("terminal", OnFailure::kWarnOnce,
             std::make_unique<FailingSink>(&other_calls, 100));
  REPRISE_EXPECT_OK(fanout.OnStep(StepRecord()));
  const absl::Status status = fanout.OnStep(StepRecord());
  EXPECT_THAT(status, FailsWith("metrics.jsonl: disk full"));
  EXPECT_THAT(status, ExitsWith(ExitCode::kStorage));
  EXPECT_EQ(other_calls, 2);
}

TEST(MetricsFanoutTest, AFailureOfAnotherSinkCostsOneWarningAndTheRunGoesOn) {
  MetricsFanout fanout;
  int calls = 0;
  fanout.Add("summary.json", OnFailure::kWarnOnce,
             std::make_unique<FailingSink>(&calls, 1));
  CaptureStderr();
  REPRISE_EXPECT_OK(fanout.OnStep(StepRecord()));
  REPRISE_EXPECT_OK(fanout.OnStep(StepRecord()));
  EXPECT_EQ(GetCapturedStderr(),
            "warning: summary.json misses results, the run goes on: disk "
            "full\n");
  EXPECT_EQ(calls, 2);
}

// Passes every kind of record on to a count of its kind.
class CountingSink final : public MetricSink {
 public:
  struct Counts {
    int starts = 0, steps = 0, epochs = 0, tests = 0, tasks = 0, ends = 0;
  };
  explicit CountingSink(Counts* counts) : counts_(*counts) {}
  absl::Status OnRunStart(const RunStart&) override {
    return ++counts_.starts, absl::OkStatus();
  }
  absl::Status OnStep(const StepRecord&) override {
    return ++counts_.steps, absl::OkStatus();
  }
  absl::Status OnTrainEpoch(const TrainEpochRecord&) override {
    return ++counts_.epochs, absl::OkStatus();
  }
  absl::Status OnTest(const TestRecord&) override {
    return ++counts_.tests, absl::OkStatus();
  }
  absl::Status OnTaskEnd(const TaskRecord&) override {
    return ++counts_.tasks, absl::OkStatus();
  }
  absl::Status OnRunEnd(const RunEnd&) override {
    return ++counts_.ends, absl::OkStatus();
  }

 private:
  Counts& counts_;
};

TEST(MetricsFanoutTest, EverySinkGetsEveryRecord) {
  MetricsFanout fanout;
  CountingSink::Counts counts[2];
  for (auto& count : counts) {
    fanout.Add("sink", OnFailure::kStopRun,
               std::make_unique<CountingSink>(&count));
  }
  REPRISE_EXPECT_OK(PlayScriptedRun(fanout));
  for (const auto& count : counts) {
    EXPECT_EQ(count.starts, 1);
    EXPECT_EQ(count.steps, 12);
    EXPECT_EQ(count.epochs, 3);
    EXPECT_EQ(count.tests, 24);
    EXPECT_EQ(count.tasks, 3);
    EXPECT_EQ(count.ends, 1);
  }
}

// Keeps the stamps of the steps, and RunEnd's cost of the sinks.
class StampSink final : public MetricSink {
 public:
  explicit StampSink(std::vector<int64_t>* stamps, double* cost = nullptr)
      : stamps_(*stamps), cost_(cost) {}
  absl::Status OnStep(const StepRecord& step) override {
    stamps_.push_back(step.unix_microseconds);
    return absl::OkStatus();
  }
  absl::Status OnRunEnd(const RunEnd& end) override {
    if (cost_ != nullptr) *cost_ = end.sink_seconds;
    return absl::OkStatus();
  }

 private:
  std::vector<int64_t>& stamps_;
  double* const cost_;
};

TEST(MetricsFanoutTest, EveryRecordHasAStampOfItsOwnThatAllSinksSee) {
  std::vector<int64_t> first, second;
  MetricsFanout fanout;
  for (auto* stamps : {&first, &second}) {
    fanout.Add("sink", OnFailure::kWarnOnce,
               std::make_unique<StampSink>(stamps));
  }
  const int64_t begin = absl::ToUnixMicros(absl::Now());
  for (int i = 0; i < 1000; ++i) REPRISE_ASSERT_OK(fanout.OnStep(StepRecord()));
  EXPECT_GE(first.front(), begin);
  EXPECT_TRUE(std::is_sorted(first.begin(), first.end()));
  EXPECT_EQ(std::set<int64_t>(first.begin(), first.end()).size(), 1000u);
  EXPECT_EQ(first, second);
}

TEST(MetricsFanoutTest, AStampIsKeptAndTheClockDoesNotGoBackBehindIt) {
  std::vector<int64_t> stamps;
  MetricsFanout fanout;
  fanout.Add("sink", OnFailure::kWarnOnce,
             std::make_unique<StampSink>(&stamps));
  constexpr int64_t kYear2100 = 4102444800000000;
  StepRecord step;
  step.unix_microseconds = kYear2100;
  REPRISE_ASSERT_OK(fanout.OnStep(step));
  REPRISE_ASSERT_OK(fanout.OnStep(StepRecord()));
  EXPECT_EQ(stamps, (std::vector<int64_t>{kYear2100, kYear2100 + 1}));
}

TEST(MetricsFanoutTest, TheEndOfARunHasTheTimeThatTheSinksTook) {
  std::vector<int64_t> stamps;
  double told = -1;
  MetricsFanout fanout;
  fanout.Add("sink", OnFailure::kWarnOnce,
             std::make_unique<StampSink>(&stamps, &told));
  const absl::Time begin = absl::Now();
  for (int i = 0; i < 100; ++i) REPRISE_ASSERT_OK(fanout.OnStep(StepRecord()));
  const double took = fanout.sink_seconds();
  REPRISE_ASSERT_OK(fanout.OnRunEnd(RunEnd()));
  EXPECT_GT(took, 0);
  EXPECT_LE(took, absl::ToDoubleSeconds(absl::Now() - begin));
  EXPECT_EQ(told, took);
}

}  // namespace
}  // namespace reprise
