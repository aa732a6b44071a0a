#include "core/metrics/async/async_sink.h"

#include <algorithm>
#include <cstdint>
#include <future>
#include <map>
#include <memory>
#include <string>
#include <thread>
#include <utility>
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

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::internal::CaptureStderr;
using ::testing::internal::GetCapturedStderr;

// What the inner sink was told, and what it waits for. Outlives a stuck thread.
struct Told {
  std::vector<int64_t> stamps;
  std::vector<std::thread::id> threads;
  int calls = 0;
  int failing_call = -1;
  int blocking_call = -1;
  std::promise<void> is_blocked, may_go_on;
};

class InnerSink final : public MetricSink {
 public:
  explicit InnerSink(std::shared_ptr<Told> told) : told_(std::move(told)) {}
  absl::Status OnRunStart(const RunStart& r) override { return Take(r); }
  absl::Status OnStep(const StepRecord& r) override { return Take(r); }
  absl::Status OnTrainEpoch(const TrainEpochRecord& r) override {
    return Take(r);
  }
  absl::Status OnTest(const TestRecord& r) override { return Take(r); }
  absl::Status OnTaskEnd(const TaskRecord& r) override { return Take(r); }
  absl::Status OnRunEnd(const RunEnd& r) override { return Take(r); }

 private:
  absl::Status Take(const Record& record) {
    const int call = told_->calls++;
    if (call == told_->blocking_call) {
      told_->is_blocked.set_value();
      told_->may_go_on.get_future().wait();
    }
    told_->stamps.push_back(record.unix_microseconds);
    told_->threads.push_back(std::this_thread::get_id());
    return call == told_->failing_call ? StorageError("disk full")
                                       : absl::OkStatus();
  }

  const std::shared_ptr<Told> told_;
};

class AsyncSinkTest : public ::testing::Test {
 protected:
  AsyncSinkTest() { options_.name = "the sink"; }

  std::unique_ptr<AsyncSink> Make() {
    return std::make_unique<AsyncSink>(options_,
                                       std::make_unique<InnerSink>(told_));
  }

  static StepRecord Step(int64_t stamp) {
    StepRecord step;
    step.unix_microseconds = stamp;
    return step;
  }

  AsyncSinkOptions options_;
  const std::shared_ptr<Told> told_ = std::make_shared<Told>();
};

TEST_F(AsyncSinkTest, EveryRecordArrivesInOrderInOneOtherThread) {
  const auto sink = Make();
  REPRISE_ASSERT_OK(PlayScriptedRun(*sink));
  EXPECT_EQ(told_->stamps.size(), 44u);
  EXPECT_TRUE(std::is_sorted(told_->stamps.begin(), told_->stamps.end()));
  for (const std::thread::id id : told_->threads) {
    EXPECT_NE(id, std::this_thread::get_id());
    EXPECT_EQ(id, told_->threads[0]);
  }
  EXPECT_THAT(sink->dropped(), IsEmpty());
}

TEST_F(AsyncSinkTest, ARunThatEndsWithoutItsEndLosesNothingThatWasQueued) {
  told_->blocking_call = 0;
  auto sink = Make();
  for (int i = 1; i <= 100; ++i) REPRISE_ASSERT_OK(sink->OnStep(Step(i)));
  told_->is_blocked.get_future().wait();
  std::thread ending([&sink] { sink.reset(); });
  told_->may_go_on.set_value();
  ending.join();
  EXPECT_EQ(told_->stamps.size(), 100u);
}

TEST_F(AsyncSinkTest, WhatFindsTheQueueFullIsDroppedAndCountedByKind) {
  options_.queue_records = 2;
  told_->blocking_call = 0;
  auto sink = Make();
  REPRISE_ASSERT_OK(sink->OnStep(Step(1)));
  told_->is_blocked.get_future().wait();
  for (int i = 2; i <= 5; ++i) REPRISE_ASSERT_OK(sink->OnStep(Step(i)));
  REPRISE_ASSERT_OK(sink->OnTest(TestRecord()));
  EXPECT_EQ(sink->dropped(),
            (std::map<std::string, int64_t>{{"step", 2}, {"test", 1}}));
  told_->may_go_on.set_value();
  CaptureStderr();
  sink.reset();
  EXPECT_THAT(GetCapturedStderr(),
              HasSubstr("warning: the sink lacks records that found its queue "
                        "of 2 full or were still in it at the end: step 2, "
                        "test 1\n"));
  EXPECT_THAT(told_->stamps, ElementsAre(1, 2, 3));
}

TEST_F(AsyncSinkTest, TheNextCallReturnsTheFirstFailureOnce) {
  told_->failing_call = 0;
  told_->blocking_call = 1;
  const auto sink = Make();
  // The second may come before or after the first has failed.
  std::vector<absl::Status> returned;
  returned.push_back(sink->OnStep(Step(1)));
  returned.push_back(sink->OnStep(Step(2)));
  told_->is_blocked.get_future().wait();
  returned.push_back(sink->OnStep(Step(3)));
  REPRISE_EXPECT_OK(returned[0]);
  EXPECT_NE(returned[1].ok(), returned[2].ok());
  EXPECT_THAT(returned[1].ok() ? returned[2] : returned[1],
              FailsWith("disk full"));
  told_->may_go_on.set_value();
  REPRISE_EXPECT_OK(sink->OnRunEnd(RunEnd()));
}

TEST_F(AsyncSinkTest, TheEndReturnsAFailureOfItsOwnRecord) {
  told_->failing_call = 0;
  const auto sink = Make();
  EXPECT_THAT(sink->OnRunEnd(RunEnd()), FailsWith("disk full"));
  REPRISE_EXPECT_OK(sink->OnRunEnd(RunEnd()));
}

TEST_F(AsyncSinkTest, AFailureThatNoCallReturnedIsSaidAtTheEnd) {
  told_->failing_call = 0;
  auto sink = Make();
  REPRISE_EXPECT_OK(sink->OnStep(Step(1)));
  CaptureStderr();
  sink.reset();
  EXPECT_EQ(GetCapturedStderr(),
            "warning: the sink misses results: disk full\n");
}

TEST_F(AsyncSinkTest, AStuckSinkHoldsUpNeitherTheEndNorTheDestructor) {
  options_.drain_limit = absl::Seconds(1);
  told_->blocking_call = 0;
  auto sink = Make();
  REPRISE_ASSERT_OK(sink->OnStep(Step(1)));
  REPRISE_ASSERT_OK(sink->OnStep(Step(2)));
  EXPECT_THAT(sink->OnRunEnd(RunEnd()),
              FailsWith("the sink took longer than 1s for what was queued"));
  // What has waited once does not wait again.
  const absl::Time begin = absl::Now();
  CaptureStderr();
  sink.reset();
  EXPECT_LT(absl::Now() - begin, options_.drain_limit);
  EXPECT_THAT(GetCapturedStderr(), HasSubstr("at the end: "));
  told_->may_go_on.set_value();
}

}  // namespace
}  // namespace reprise
