// Every sink against the interface (core/metrics/metric_sink.h): what it takes,
// what it leaves, and how it fails.
#include <signal.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <limits>
#include <map>
#include <memory>
#include <regex>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "core/base/file.h"
#include "core/base/status.h"
#include "core/base/status_matchers.h"
#include "core/metrics/metric_sink.h"
#include "core/metrics/metrics_fanout.h"
#include "core/metrics/testing/event_file.h"
#include "core/metrics/testing/scripted_run.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "nlohmann/json.hpp"
#include "tests/conformance/metric_sink/sink_table.h"

namespace reprise {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;
using ::testing::IsSubsetOf;
using ::testing::UnorderedElementsAreArray;

// While alive, this process's files cannot grow: a full disk. Pipes can.
class FullDisk {
 public:
  FullDisk() {
    signal(SIGXFSZ, SIG_IGN);
    getrlimit(RLIMIT_FSIZE, &before_);
    const struct rlimit none = {0, before_.rlim_max};
    setrlimit(RLIMIT_FSIZE, &none);
  }
  ~FullDisk() { setrlimit(RLIMIT_FSIZE, &before_); }

 private:
  struct rlimit before_;
};

// Keeps what is written to stderr in a pipe, which must hold all of it.
class StderrPipe {
 public:
  StderrPipe() : saved_(dup(2)) {
    EXPECT_EQ(pipe(ends_), 0);
    dup2(ends_[1], 2);
    close(ends_[1]);
  }
  std::string Finish() {
    dup2(saved_, 2);
    close(saved_);
    std::string text(4096, '\0');
    const ssize_t got = read(ends_[0], text.data(), text.size());
    close(ends_[0]);
    text.resize(std::max<ssize_t>(got, 0));
    return text;
  }

 private:
  int ends_[2];
  int saved_;
};

// Passes the first `calls` calls on and fails from then on.
class FirstCalls final : public MetricSink {
 public:
  FirstCalls(MetricSink& to, int calls) : to_(to), left_(calls) {}
  absl::Status OnRunStart(const RunStart& r) override {
    return Pass(&MetricSink::OnRunStart, r);
  }
  absl::Status OnStep(const StepRecord& r) override {
    return Pass(&MetricSink::OnStep, r);
  }
  absl::Status OnTrainEpoch(const TrainEpochRecord& r) override {
    return Pass(&MetricSink::OnTrainEpoch, r);
  }
  absl::Status OnTest(const TestRecord& r) override {
    return Pass(&MetricSink::OnTest, r);
  }
  absl::Status OnTaskEnd(const TaskRecord& r) override {
    return Pass(&MetricSink::OnTaskEnd, r);
  }
  absl::Status OnRunEnd(const RunEnd& r) override {
    return Pass(&MetricSink::OnRunEnd, r);
  }

 private:
  template <typename Record>
  absl::Status Pass(absl::Status (MetricSink::*method)(const Record&),
                    const Record& record) {
    if (left_-- <= 0) return absl::CancelledError("the run is cut");
    return (to_.*method)(record);
  }

  MetricSink& to_;
  int left_;
};

class MetricSinkConformance : public ::testing::TestWithParam<SinkRow> {
 protected:
  MetricSinkConformance() : folder_(NewFolder("run")) {}

  std::string NewFolder(const std::string& name) const {
    const std::string folder =
        absl::StrCat(::testing::TempDir(), "/", GetParam().name, "-", name);
    fs::remove_all(folder);
    fs::create_directories(folder);
    return folder;
  }

  std::shared_ptr<MetricSink> Make() const { return GetParam().make(folder_); }

  // Content by name, of files that are what their ending says.
  static std::map<std::string, std::string> Files(const std::string& folder) {
    std::map<std::string, std::string> files;
    for (const auto& entry : fs::directory_iterator(folder)) {
      const std::string name = entry.path().filename();
      const auto content = ReadWholeFile(entry.path());
      EXPECT_THAT(content, IsOk());
      files[name] = *content;
      if (absl::EndsWith(name, ".json")) {
        EXPECT_TRUE(nlohmann::json::accept(*content)) << name << *content;
      } else if (absl::EndsWith(name, ".jsonl")) {
        EXPECT_TRUE(content->empty() || content->back() == '\n') << name;
        for (const auto line :
             absl::StrSplit(*content, '\n', absl::SkipEmpty())) {
          EXPECT_TRUE(nlohmann::json::accept(line)) << name << line;
        }
      } else if (absl::StartsWith(name, "events.out.tfevents.")) {
        EXPECT_THAT(ReadEvents(*content), IsOk()) << name;
      }
    }
    return files;
  }

  // Reads them all; the names.
  std::vector<std::string> FileNames() const {
    std::vector<std::string> names;
    for (const auto& [name, content] : Files(folder_)) names.push_back(name);
    return names;
  }

  const std::string folder_;
};

TEST_P(MetricSinkConformance, AWholeRunLeavesTheseFilesAndNoOther) {
  REPRISE_ASSERT_OK(PlayScriptedRun(*Make()));
  EXPECT_THAT(FileNames(), UnorderedElementsAreArray(GetParam().files));
}

TEST_P(MetricSinkConformance, ARunThatEndsAfterAnyRecordLeavesReadableFiles) {
  absl::Status played = absl::CancelledError();
  for (int calls = 0; !played.ok(); ++calls) {
    ASSERT_LT(calls, 100);
    fs::remove_all(folder_);
    fs::create_directories(folder_);
    const std::shared_ptr<MetricSink> sink = Make();
    FirstCalls first(*sink, calls);
    played = PlayScriptedRun(first);
    EXPECT_THAT(FileNames(), IsSubsetOf(GetParam().files)) << calls;
  }
}

TEST_P(MetricSinkConformance, AnEmptyRunIsARun) {
  const std::shared_ptr<MetricSink> sink = Make();
  REPRISE_EXPECT_OK(sink->OnRunStart(ScriptedRunStart()));
  REPRISE_EXPECT_OK(sink->OnRunEnd(RunEnd()));
  EXPECT_THAT(FileNames(), IsSubsetOf(GetParam().files));
}

TEST_P(MetricSinkConformance, ARunWithoutTestsIsARun) {
  const std::shared_ptr<MetricSink> sink = Make();
  REPRISE_EXPECT_OK(sink->OnRunStart(ScriptedRunStart()));
  REPRISE_EXPECT_OK(sink->OnTrainEpoch(TrainEpochRecord()));
  REPRISE_EXPECT_OK(sink->OnTaskEnd(TaskRecord()));
  REPRISE_EXPECT_OK(sink->OnRunEnd(ScriptedRunEnd()));
  EXPECT_THAT(FileNames(), UnorderedElementsAreArray(GetParam().files));
}

TEST_P(MetricSinkConformance, NamesMayBeOfAnyScriptAndNoUtf8) {
  const std::string name = "caf\u00e9 \u7e70\u308a\u8fd4\u3057 \"x\"\\";
  const std::shared_ptr<MetricSink> sink = Make();
  for (const std::string& experiment : {name, std::string("caf\xe9\n\t\x01")}) {
    RunStart start = ScriptedRunStart();
    start.experiment = start.agent = start.model = start.dataset = experiment;
    start.results_folder = experiment;
    REPRISE_EXPECT_OK(sink->OnRunStart(start));
    TestRecord test;
    test.head = experiment;
    test.top1 = 0.5;
    test.epoch = 1;
    test.samples = 10;
    REPRISE_EXPECT_OK(sink->OnTest(test));
    TaskRecord task;
    task.agent.scalars[experiment] = 1;
    task.agent.by_class[experiment] = {1, 2};
    REPRISE_EXPECT_OK(sink->OnTaskEnd(task));
    REPRISE_EXPECT_OK(sink->OnRunEnd(RunEnd()));
    bool said = false;
    for (const auto& [file, content] : Files(folder_)) {
      said = said || absl::StrContains(content, "\u7e70\u308a\u8fd4\u3057");
    }
    if (experiment == name) {
      EXPECT_EQ(said, GetParam().says_experiment);
    }
  }
}

TEST_P(MetricSinkConformance, NumbersMayBeInfiniteOrNone) {
  for (const double bad : {std::numeric_limits<double>::quiet_NaN(),
                           std::numeric_limits<double>::infinity(),
                           -std::numeric_limits<double>::infinity()}) {
    const std::shared_ptr<MetricSink> sink = Make();
    REPRISE_EXPECT_OK(sink->OnRunStart(ScriptedRunStart()));
    StepRecord step;
    step.loss_so_far = step.accuracy_so_far = step.learning_rate = bad;
    step.images_per_second = bad;
    REPRISE_EXPECT_OK(sink->OnStep(step));
    TrainEpochRecord epoch;
    epoch.loss = epoch.top1 = epoch.overlap_share = epoch.phase_seconds[0] =
        bad;
    epoch.representative_loss = bad;
    REPRISE_EXPECT_OK(sink->OnTrainEpoch(epoch));
    TestRecord test;
    test.epoch = 1;
    test.head = "logits";
    test.top1 = test.top5 = test.loss = bad;
    REPRISE_EXPECT_OK(sink->OnTest(test));
    TaskRecord task;
    task.agent.scalars["drift"] = bad;
    task.agent.by_rank["stored"] = {1, bad};
    REPRISE_EXPECT_OK(sink->OnTaskEnd(task));
    RunEnd end;
    end.training_seconds = end.overlap_share = bad;
    REPRISE_EXPECT_OK(sink->OnRunEnd(end));
    EXPECT_THAT(FileNames(), UnorderedElementsAreArray(GetParam().files));
  }
}

TEST_P(MetricSinkConformance, EqualRecordsLeaveEqualBytesButForTheCostOfSinks) {
  std::map<std::string, std::string> files[2];
  for (auto& content : files) {
    const std::string folder = NewFolder("again");
    REPRISE_ASSERT_OK(PlayScriptedRun(*GetParam().make(folder)));
    for (const auto& [name, text] : Files(folder)) {
      content[name] = std::regex_replace(
          text, std::regex("\"sink_seconds\": ?[-+.e0-9]+"), "");
    }
  }
  EXPECT_EQ(files[0], files[1]);
}

// A StorageError each time, and what comes once there is room is written.
TEST_P(MetricSinkConformance, AFullDiskIsAnErrorAndLastsOnlyAsLongAsItIsFull) {
  const std::shared_ptr<MetricSink> sink = Make();
  std::vector<absl::Status> failures;
  {
    const FullDisk full;
    failures.push_back(sink->OnRunStart(ScriptedRunStart()));
    failures.push_back(sink->OnTrainEpoch(TrainEpochRecord()));
    failures.push_back(sink->OnTaskEnd(TaskRecord()));
    failures.push_back(sink->OnRunEnd(ScriptedRunEnd()));
  }
  int failed = 0;
  for (const absl::Status& status : failures) {
    if (status.ok()) continue;
    ++failed;
    EXPECT_THAT(status, ExitsWith(ExitCode::kStorage));
    EXPECT_THAT(status, FailsWith("File too large"));
  }
  EXPECT_GE(failed, 1);
  FileNames();
  REPRISE_EXPECT_OK(sink->OnRunStart(ScriptedRunStart()));
  for (int task = 0; task < 3; ++task) {
    REPRISE_EXPECT_OK(PlayScriptedTask(task, *sink));
  }
  REPRISE_EXPECT_OK(sink->OnRunEnd(ScriptedRunEnd()));
  EXPECT_THAT(FileNames(), UnorderedElementsAreArray(GetParam().files));
}

// Hands the fanout a sink that the test keeps, too.
class Shared final : public MetricSink {
 public:
  explicit Shared(std::shared_ptr<MetricSink> to) : to_(std::move(to)) {}
  absl::Status OnRunStart(const RunStart& r) override {
    return to_->OnRunStart(r);
  }
  absl::Status OnStep(const StepRecord& r) override { return to_->OnStep(r); }
  absl::Status OnTrainEpoch(const TrainEpochRecord& r) override {
    return to_->OnTrainEpoch(r);
  }
  absl::Status OnTest(const TestRecord& r) override { return to_->OnTest(r); }
  absl::Status OnTaskEnd(const TaskRecord& r) override {
    return to_->OnTaskEnd(r);
  }
  absl::Status OnRunEnd(const RunEnd& r) override { return to_->OnRunEnd(r); }

 private:
  const std::shared_ptr<MetricSink> to_;
};

TEST_P(MetricSinkConformance, AFailureIsToldOnceAndDoesNotEndTheRun) {
  MetricsFanout fanout;
  fanout.Add("this sink", MetricsFanout::OnFailure::kWarnOnce,
             std::make_unique<Shared>(Make()));
  StderrPipe pipe;
  absl::Status played[2];
  {
    const FullDisk full;
    for (absl::Status& status : played) status = PlayScriptedRun(fanout);
  }
  const std::string said = pipe.Finish();
  for (const absl::Status& status : played) REPRISE_EXPECT_OK(status);
  EXPECT_THAT(said, HasSubstr("this sink misses results, the run goes on: "));
  EXPECT_EQ(said.find("misses results"), said.rfind("misses results")) << said;
}

INSTANTIATE_TEST_SUITE_P(Sinks, MetricSinkConformance,
                         ::testing::ValuesIn(SinkTable()),
                         [](const ::testing::TestParamInfo<SinkRow>& info) {
                           return info.param.name;
                         });

}  // namespace
}  // namespace reprise
