#include "core/metrics/jsonl/jsonl_replay.h"

#include <cmath>
#include <filesystem>
#include <limits>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "core/base/file.h"
#include "core/base/status.h"
#include "core/base/status_matchers.h"
#include "core/metrics/jsonl/jsonl_sink.h"
#include "core/metrics/metric_sink.h"
#include "core/metrics/testing/scripted_run.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace reprise {
namespace {

using ::testing::ElementsAre;

// Keeps what it needs for the tests below.
class KeepingSink final : public MetricSink {
 public:
  absl::Status OnRunStart(const RunStart& run) override {
    start = run;
    return absl::OkStatus();
  }
  absl::Status OnStep(const StepRecord& step) override {
    steps.push_back(step);
    return failure;
  }
  absl::Status OnTaskEnd(const TaskRecord& task) override {
    task_ends.push_back(task);
    return absl::OkStatus();
  }

  RunStart start;
  std::vector<StepRecord> steps;
  std::vector<TaskRecord> task_ends;
  absl::Status failure;
};

class JsonlReplayTest : public ::testing::Test {
 protected:
  JsonlReplayTest()
      : path_(::testing::TempDir() + "replayed.jsonl"),
        copy_(::testing::TempDir() + "copy.jsonl") {
    std::filesystem::remove(path_);
    std::filesystem::remove(copy_);
  }

  void WriteScriptedRun() {
    auto sink = JsonlSink::Open(path_);
    REPRISE_ASSERT_OK(sink.status());
    REPRISE_ASSERT_OK(PlayScriptedRun(**sink));
  }

  const std::string path_, copy_;
  KeepingSink kept_;
};

TEST_F(JsonlReplayTest, ARunThatIsPlayedIntoASecondFileLeavesTheSameBytes) {
  WriteScriptedRun();
  {
    auto copy = JsonlSink::Open(copy_);
    REPRISE_ASSERT_OK(copy.status());
    REPRISE_ASSERT_OK_AND_ASSIGN(const ReplayedFile played,
                                 ReplayJsonl(path_, **copy));
    EXPECT_EQ(played.records, 1 + 12 + 3 + 24 + 3 + 1);
    EXPECT_EQ(played.cut_bytes, 0);
  }
  EXPECT_EQ(*ReadWholeFile(copy_), *ReadWholeFile(path_));
}

TEST_F(JsonlReplayTest, NumbersThatWereNotFiniteAreNoneAgain) {
  {
    auto sink = JsonlSink::Open(path_);
    REPRISE_ASSERT_OK(sink.status());
    StepRecord step;
    step.loss_so_far = std::numeric_limits<double>::infinity();
    REPRISE_ASSERT_OK((*sink)->OnStep(step));
    TaskRecord task;
    task.agent.by_rank["stored"] = {1, std::nan("")};
    REPRISE_ASSERT_OK((*sink)->OnTaskEnd(task));
  }
  REPRISE_ASSERT_OK(ReplayJsonl(path_, kept_));
  EXPECT_TRUE(std::isnan(kept_.steps[0].loss_so_far));
  EXPECT_FALSE(kept_.steps[0].images_per_second.has_value());
  EXPECT_TRUE(std::isnan(kept_.task_ends[0].agent.by_rank["stored"][1]));
}

TEST_F(JsonlReplayTest, ACutLastRecordIsLeftOutAndCounted) {
  WriteScriptedRun();
  REPRISE_ASSERT_OK(AppendFile::Open(path_)->Append("{\"schema\":1,\"rec"));
  REPRISE_ASSERT_OK_AND_ASSIGN(const ReplayedFile played,
                               ReplayJsonl(path_, kept_));
  EXPECT_EQ(played.cut_bytes, 16);
}

TEST_F(JsonlReplayTest, OfStepsThatAreNotWantedOnlyEachEpochsLastIsPlayed) {
  WriteScriptedRun();
  ReplayOptions options;
  int asked = 0;
  options.wants_step = [&asked] { return asked++ == 0; };
  REPRISE_ASSERT_OK(ReplayJsonl(path_, kept_, options));
  EXPECT_EQ(asked, 12);
  std::vector<std::pair<int64_t, int64_t>> played;
  for (const StepRecord& step : kept_.steps) {
    played.emplace_back(step.task, step.step);
  }
  EXPECT_THAT(played, ElementsAre(std::make_pair(0, 0), std::make_pair(0, 3),
                                  std::make_pair(1, 3), std::make_pair(2, 3)));
}

TEST_F(JsonlReplayTest, WhatTheSinkSaysIsReturned) {
  WriteScriptedRun();
  kept_.failure = StorageError("full");
  EXPECT_THAT(ReplayJsonl(path_, kept_), FailsWith("full"));
  EXPECT_EQ(kept_.steps.size(), 1u);
}

TEST_F(JsonlReplayTest, AFileOfAnOlderVersionMayLackTimesAndTheId) {
  REPRISE_ASSERT_OK(AppendFile::Open(path_)->Append(
      R"({"schema":1,"record":"task_end","task":3,"agent":{},)"
      R"("timing":{"unix_seconds":1.5}})"
      "\n"));
  REPRISE_ASSERT_OK(ReplayJsonl(path_, kept_));
  EXPECT_EQ(kept_.task_ends[0].task, 3);
  EXPECT_EQ(kept_.task_ends[0].unix_microseconds, 1'500'000);
}

TEST_F(JsonlReplayTest, ARecordThatIsNotOneIsNamedByLineAndField) {
  const std::string good =
      R"({"schema":1,"record":"task_end","task":3,"agent":{},)"
      R"("timing":{"unix_seconds":1.5}})";
  const auto with = [&good](const char* what, const char* instead) {
    return absl::StrReplaceAll(good, {{what, instead}});
  };
  for (const auto& [line, fault] : std::map<std::string, std::string>{
           {with("\"schema\":1", "\"schema\":2"),
            "has schema 2, expected at most 1; read it with the version"},
           {with("task_end", "task_begin"),
            "is a record of an unknown kind, task_begin"},
           {with("\"record\"", "\"x\""), "has no text \"record\""},
           {with("\"task\":3,", ""), "has no \"task\""},
           {with("3", "\"3\""),
            "has \"task\": \"3\", expected an integer of 64 bits"},
           {with("3", "18446744073709551615"), "expected an integer of 64"},
           {with("3", "1e3"), "expected an integer of 64"},
           {with("{}", "{\"by_class\":[1]}"), "expected by_class, by_rank"},
           {with("{}", "{\"by_class\":{\"w\":[\"1\"]}}"), "expected by_class"},
           {with("1.5", "null"), "has no clock"},
           {with("1.5", "1e300"), "has no clock"},
           {with("\"timing\"", "\"time\""), "has no object \"timing\""},
           {std::string(100'000, '['), "is not one JSON object"},
           {std::string("\0", 1), "is not one JSON object"}}) {
    std::filesystem::remove(path_);
    REPRISE_ASSERT_OK(
        AppendFile::Open(path_)->Append(absl::StrCat(good, "\n", line, "\n")));
    const absl::Status status = ReplayJsonl(path_, kept_).status();
    EXPECT_THAT(status, ExitsWith(ExitCode::kData)) << line;
    EXPECT_THAT(status, FailsWith(absl::StrCat("replayed.jsonl line 2 (offset ",
                                               good.size() + 1, ") ")));
    EXPECT_THAT(status, FailsWith(fault));
  }
}

TEST_F(JsonlReplayTest, AFaultInAStepThatWasPassedOverIsNamedByItsOwnLine) {
  REPRISE_ASSERT_OK(AppendFile::Open(path_)->Append(
      R"({"schema":1,"record":"step","task":0,)"
      "\n"
      R"({"schema":1,"record":"task_end","task":3,"agent":{},)"
      R"("timing":{"unix_seconds":1.5}})"
      "\n"));
  ReplayOptions options;
  options.wants_step = [] { return false; };
  EXPECT_THAT(ReplayJsonl(path_, kept_, options),
              FailsWith("line 1 (offset 0) is not one JSON object"));
}

TEST_F(JsonlReplayTest, AFolderAndAMissingFileAreStorageErrors) {
  EXPECT_THAT(ReplayJsonl(path_, kept_), ExitsWith(ExitCode::kStorage));
  EXPECT_THAT(ReplayJsonl(::testing::TempDir(), kept_),
              ExitsWith(ExitCode::kStorage));
}

}  // namespace
}  // namespace reprise
