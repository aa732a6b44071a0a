#include "launch/report/run_folder.h"

#include <sys/stat.h>

#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "core/base/file.h"
#include "core/base/phase.h"
#include "core/base/status.h"
#include "core/base/status_matchers.h"
#include "core/metrics/jsonl/jsonl_sink.h"
#include "core/metrics/metric_sink.h"
#include "core/metrics/run_json.h"
#include "core/metrics/testing/scripted_run.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace reprise {
namespace {

namespace fs = std::filesystem;

using ::testing::AllOf;
using ::testing::DoubleNear;
using ::testing::Eq;
using ::testing::Optional;

// A claim of a process that has ended.
constexpr char kClaim[] = R"({"schema":1,"host":"elsewhere","pid":7,)"
                          R"("started":"2024-02-29T23:59:58+00:00"})";

class RunFolderTest : public ::testing::Test {
 protected:
  RunFolderTest() : folder_(::testing::TempDir() + "run") {
    fs::remove_all(folder_);
    fs::create_directory(folder_);
  }

  std::string In(const std::string& file) { return folder_ + "/" + file; }

  void Write(const std::string& file, const std::string& text) {
    REPRISE_ASSERT_OK(ReplaceFile(In(file), {text}));
  }

  // run.json as rank 0 writes it, and the records that `play` reports.
  void WriteRun(const std::function<absl::Status(MetricSink&)>& play) {
    Write("run.json", kClaim);
    RunInfo info;
    info.run_id = ScriptedRunStart().run_id;
    info.hosts = {"node1", "node2"};
    info.bound = {true, false};
    info.seed = 18446744073709551615u;
    info.data_digests["a"] = "0f";
    info.settings = {{"agent", "\"icarl\"", "flag"}, {"lr", "0.5", "default"}};
    REPRISE_ASSERT_OK(WriteRunJson(folder_, info));
    auto sink = JsonlSink::Open(In("metrics.jsonl"));
    REPRISE_ASSERT_OK(sink.status());
    REPRISE_ASSERT_OK(play(**sink));
  }

  void Append(const std::string& text) {
    REPRISE_ASSERT_OK(AppendFile::Open(In("metrics.jsonl"))->Append(text));
  }

  const std::string folder_;
};

absl::Status PlayTwoTasks(MetricSink& sink) {
  REPRISE_RETURN_IF_ERROR(sink.OnRunStart(ScriptedRunStart()));
  REPRISE_RETURN_IF_ERROR(PlayScriptedTask(0, sink));
  return PlayScriptedTask(1, sink);
}

TEST_F(RunFolderTest, AFinishedRunHasItsRecordsAndMeasures) {
  WriteRun(PlayScriptedRun);
  REPRISE_ASSERT_OK_AND_ASSIGN(const RunFolder run, ReadRunFolder(folder_));
  EXPECT_EQ(run.state, RunState::kFinished);
  EXPECT_EQ(run.id(), ScriptedRunStart().run_id);
  EXPECT_EQ(run.start->agent, "icarl");
  EXPECT_EQ(run.steps.size(), 12u);
  EXPECT_EQ(run.epochs.size(), 3u);
  EXPECT_EQ(run.tests.size(), 24u);
  EXPECT_EQ(run.task_ends.size(), 3u);
  EXPECT_EQ(run.records, 44);
  ASSERT_NE(run.primary_head(), nullptr);
  EXPECT_EQ(run.primary_head()->name, "nme");
  EXPECT_THAT(run.primary_head()->matrix.AverageIncremental(),
              Optional(DoubleNear(.912762, 1e-6)));
  EXPECT_THAT(run.primary_head()->matrix.Forgetting(),
              Optional(DoubleNear(.07, 1e-9)));
  EXPECT_EQ(run.heads.heads().size(), 2u);
  EXPECT_EQ(run.seconds(), 40);
  EXPECT_EQ(run.fraction(), 1);
  EXPECT_THAT(run.images_per_second(), Optional(100.0));
  EXPECT_EQ(run.phase_seconds()[static_cast<int>(Phase::kBackward)], 20);
  EXPECT_EQ(run.Position(), "task 3 of 3, epoch 1");
  EXPECT_EQ(run.error, "");
}

TEST_F(RunFolderTest, WhatRunJsonSaysIsReadBack) {
  WriteRun(PlayScriptedRun);
  REPRISE_ASSERT_OK_AND_ASSIGN(const RunFolder run, ReadRunFolder(folder_));
  EXPECT_TRUE(run.run.is_complete);
  EXPECT_EQ(run.run.host, "elsewhere");
  EXPECT_EQ(run.run.pid, 7);
  EXPECT_EQ(absl::ToUnixSeconds(run.run.started), 1709251198);
  const RunInfo& info = run.run.info;
  EXPECT_THAT(info.hosts, testing::ElementsAre("node1", "node2"));
  EXPECT_EQ(info.bound, (std::vector<bool>{true, false}));
  EXPECT_EQ(info.seed, 18446744073709551615u);
  EXPECT_EQ(info.data_digests.at("a"), "0f");
  ASSERT_EQ(info.settings.size(), 2u);
  EXPECT_EQ(info.settings[1].name, "lr");
  EXPECT_EQ(info.settings[1].value_json, "0.5");
  EXPECT_EQ(info.settings[1].origin, "default");
}

TEST_F(RunFolderTest, ARunThatWasKilledIsUnfinishedAndHasWhatItDid) {
  WriteRun(PlayTwoTasks);
  Append(R"({"schema":1,"record":"ste)");
  REPRISE_ASSERT_OK_AND_ASSIGN(const RunFolder run, ReadRunFolder(folder_));
  EXPECT_EQ(run.state, RunState::kUnfinished);
  EXPECT_EQ(run.cut_bytes, 25);
  EXPECT_EQ(run.Position(), "task 2 of 3, epoch 1");
  EXPECT_THAT(run.fraction(), DoubleNear(2.0 / 3, 1e-9));
  EXPECT_THAT(run.images_per_second(), Optional(100.0));
  EXPECT_THAT(run.primary_head()->matrix.At(1, 0), Optional(.95));
  EXPECT_EQ(run.primary_head()->matrix.At(2, 0), std::nullopt);
  EXPECT_EQ(run.primary_head()->matrix.AverageIncremental(), std::nullopt);
  EXPECT_GT(run.seconds(), 100);
}

TEST_F(RunFolderTest, ARunStoppedWithinAnEpochKnowsItsStep) {
  WriteRun([](MetricSink& sink) {
    REPRISE_RETURN_IF_ERROR(sink.OnRunStart(ScriptedRunStart()));
    StepRecord step;
    step.task = 1;
    step.epoch = 2;
    step.step = 29;
    step.run_fraction = 0.25;
    return sink.OnStep(step);
  });
  REPRISE_ASSERT_OK_AND_ASSIGN(const RunFolder run, ReadRunFolder(folder_));
  EXPECT_EQ(run.Position(), "task 2 of 3, epoch 3, step 30");
  EXPECT_EQ(run.fraction(), 0.25);
  EXPECT_EQ(run.images_per_second(), std::nullopt);
  EXPECT_EQ(run.primary_head(), nullptr);
}

TEST_F(RunFolderTest, ARunWhoseLogTellsAnErrorAtItsEndHasFailed) {
  WriteRun(PlayTwoTasks);
  Write("log.txt",
        "2026-11-30T07:30:39.123Z mnist: real\n"
        "task 1/3: an error: none\n"
        "2026-11-30T07:31:39.123Z error: rank 1: no memory\n"
        "  on node2\n");
  REPRISE_ASSERT_OK_AND_ASSIGN(const RunFolder run, ReadRunFolder(folder_));
  EXPECT_EQ(run.state, RunState::kFailed);
  EXPECT_EQ(run.error, "rank 1: no memory");
}

TEST_F(RunFolderTest, ARunThatFailedBeforeItsFirstRecordHasOnlyItsClaim) {
  Write("run.json", kClaim);
  REPRISE_ASSERT_OK_AND_ASSIGN(const RunFolder run, ReadRunFolder(folder_));
  EXPECT_EQ(run.state, RunState::kUnfinished);
  EXPECT_FALSE(run.run.is_complete);
  EXPECT_FALSE(run.start.has_value());
  EXPECT_EQ(run.Position(), "before the first step");
  EXPECT_EQ(run.fraction(), 0);
  EXPECT_EQ(run.seconds(), 0);
  EXPECT_EQ(run.id(), "");
}

TEST_F(RunFolderTest, ARunWhoseProcessIsThereIsRunningButNotALaterProcess) {
  Write("run.json", RunJsonClaim());
  REPRISE_ASSERT_OK_AND_ASSIGN(RunFolder run, ReadRunFolder(folder_));
  EXPECT_EQ(run.state, RunState::kRunning);
  // The number of this process, given to another one long before.
  std::string claim = RunJsonClaim();
  const size_t year = claim.find("\"started\": \"") + 12;
  claim.replace(year, 4, "1999");
  Write("run.json", claim);
  REPRISE_ASSERT_OK_AND_ASSIGN(run, ReadRunFolder(folder_));
  EXPECT_LT(absl::ToUnixSeconds(run.run.started), 1e9);
  EXPECT_EQ(run.state, RunState::kUnfinished);
}

TEST_F(RunFolderTest, OfManyStepsEvenlySpacedOnesAreKept) {
  WriteRun([](MetricSink& sink) {
    REPRISE_RETURN_IF_ERROR(sink.OnRunStart(ScriptedRunStart()));
    StepRecord step;
    for (int i = 0; i < 10'000; ++i) {
      step.global_step = i;
      REPRISE_RETURN_IF_ERROR(sink.OnStep(step));
    }
    return absl::OkStatus();
  });
  RunFolderOptions options;
  options.most_steps = 100;
  REPRISE_ASSERT_OK_AND_ASSIGN(const RunFolder run,
                               ReadRunFolder(folder_, options));
  EXPECT_LT(run.steps.size(), 100u);
  EXPECT_GE(run.steps.size(), 50u);
  const int64_t stride = run.steps[1].global_step;
  for (size_t i = 0; i < run.steps.size(); ++i) {
    EXPECT_EQ(run.steps[i].global_step, static_cast<int64_t>(i) * stride);
  }
  EXPECT_EQ(run.last_step->global_step, 9999);
  EXPECT_EQ(run.records, 10'001);
}

TEST_F(RunFolderTest, WhatIsNoRunIsNamedWithTheRemedy) {
  EXPECT_THAT(ReadRunFolder(In("none")),
              AllOf(ExitsWith(ExitCode::kUsage), FailsWith("found nothing")));
  EXPECT_THAT(ReadRunFolder(folder_),
              AllOf(ExitsWith(ExitCode::kUsage),
                    FailsWith("found an empty folder; 'reprise runs' lists")));
  Write("dl_metrics.json", "{}");
  EXPECT_THAT(ReadRunFolder(folder_),
              FailsWith("a dl_metrics.json without it: results of another"));
  fs::create_directory(In("a"));
  Write("a/run.json", kClaim);
  EXPECT_THAT(ReadRunFolder(folder_),
              FailsWith(absl::StrCat("a folder of 1 runs; name one, like ",
                                     folder_, "/a, or list")));
  EXPECT_THAT(ReadRunFolder(In("a/run.json")),
              AllOf(ExitsWith(ExitCode::kUsage),
                    FailsWith(absl::StrCat("name the folder, ", In("a")))));
  EXPECT_THAT(ReadRunFolder(In("dl_metrics.json")), FailsWith("found a file"));
}

TEST_F(RunFolderTest, ARunJsonThatIsNoneIsNamedByItsFault) {
  const std::string deep(200'000, '[');
  for (const auto& [text, fault] : std::map<std::string, std::string>{
           {"", "run.json: expected one JSON object, found 0 bytes"},
           {"[1]", "expected one JSON object"},
           {deep, "expected one JSON object, found 200000 bytes"},
           {"{}", "expected \"schema\" up to 1, found none"},
           {R"({"schema":2})", "found 2; read it with the version"},
           {R"({"schema":"1"})", "expected \"schema\" up to 1"},
           {R"({"schema":1,"pid":"7"})", "\"pid\": a value of another type"},
           {R"({"schema":1,"pid":-7})", "\"pid\": a value of another type"},
           {R"({"schema":1,"started":"now"})", "\"started\": "},
           {R"({"schema":1,"hosts":["a",1]})", "\"hosts\": a value of"},
           {R"({"schema":1,"world_size":4294967297})", "\"world_size\": a"},
           {R"({"schema":1,"world_size":0})", "from 1 to 65536, found 0"},
           {R"({"schema":1,"world_size":2000000000})", "found 2000000000"},
           {R"({"schema":1,"settings":{"a":1}})", "\"settings\": a value"}}) {
    Write("run.json", text);
    EXPECT_THAT(ReadRunFolder(folder_),
                AllOf(ExitsWith(ExitCode::kData), FailsWith(fault)));
  }
  fs::remove(In("run.json"));
  ASSERT_EQ(mkfifo(In("run.json").c_str(), 0600), 0);
  EXPECT_THAT(ReadRunFolder(folder_), ExitsWith(ExitCode::kStorage));
}

TEST_F(RunFolderTest, RecordsThatNoRunHasAreErrorsNotCrashes) {
  const auto Line = [](const char* record, const std::string& fields) {
    return absl::StrCat(R"({"schema":1,"record":")", record, R"(",)", fields,
                        R"("timing":{"unix_seconds":1.5}})", "\n");
  };
  const auto Start = [&Line](const char* num_tasks, const char* ranks = "1",
                             const char* epochs = "1") {
    return Line(
        "run_start",
        absl::StrCat(R"("experiment":"","agent":"","model":"","dataset":"",)"
                     R"("generated_data":false,"world_size":)",
                     ranks, R"(,"num_tasks":)", num_tasks,
                     R"(,"epochs_per_task":)", epochs, R"(,"seed":0,)"));
  };
  const auto Test = [&Line](const char* task, const char* test_task) {
    return Line("test",
                absl::StrCat(R"("task":)", task, R"(,"test_task":)", test_task,
                             R"(,"epoch":1,"head":"a","primary":true,)"
                             R"("top1":1,"top5":1,"loss":null,"correct":1,)"
                             R"("samples":1,"steps":1,)"));
  };
  for (const auto& [text, fault] :
       std::vector<std::pair<std::string, std::string>>{
           {Test("0", "0"), "expected run_start before the first test"},
           {Start("2") + Start("2"), "a second run_start"},
           {Start("0"), "expected 1 to 1000 tasks in run_start, found 0"},
           {Start("-1"), "found -1"},
           {Start("1000000000000"), "expected 1 to 1000 tasks"},
           {Start("1", "-1"), "world_size from 1 to 65536 in run_start, found"},
           {Start("1", "2000000000"), "in run_start, found 2000000000"},
           {Start("1", "1", "-1"), "epochs_per_task from 0 in run_start"},
           {Start("2") + Test("2", "0"), "from 0 to 1 in test, found 2"},
           {Start("2") + Test("-1", "-1"), "found -1"},
           {Start("2") + Test("0", "1"), "test_task from 0 to 0 in test"},
           {Start("2") + Line("task_end", R"("task":9,"agent":{},)"),
            "from 0 to 1 in task_end, found 9"},
           {Start("2") + "\n", "metrics.jsonl line 2"},
           {absl::StrReplaceAll(Start("2"), {{":1,\"rec", ":9,\"rec"}}),
            "has schema 9, expected at most 1"}}) {
    Write("run.json", kClaim);
    Write("metrics.jsonl", text);
    EXPECT_THAT(ReadRunFolder(folder_),
                AllOf(ExitsWith(ExitCode::kData), FailsWith(fault),
                      FailsWith("metrics.jsonl")))
        << text;
  }
}

TEST_F(RunFolderTest, FilesOfTwoRunsInOneFolderAreRefused) {
  WriteRun(PlayScriptedRun);
  RunInfo info;
  info.run_id = "another";
  REPRISE_ASSERT_OK(WriteRunJson(folder_, info));
  EXPECT_THAT(ReadRunFolder(folder_),
              AllOf(ExitsWith(ExitCode::kData),
                    FailsWith("the folder holds files of two runs")));
}

}  // namespace
}  // namespace reprise
