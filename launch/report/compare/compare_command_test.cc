#include "launch/report/compare/compare_command.h"

#include <filesystem>
#include <functional>
#include <sstream>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "core/base/file.h"
#include "core/base/status.h"
#include "core/base/status_matchers.h"
#include "core/metrics/jsonl/jsonl_sink.h"
#include "core/metrics/metric_sink.h"
#include "core/metrics/run_json.h"
#include "core/metrics/testing/scripted_run.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "launch/report/compare/record_comparison.h"

namespace reprise {
namespace {

namespace fs = std::filesystem;

using ::testing::AllOf;
using ::testing::ContainsRegex;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

class CompareCommandTest : public ::testing::Test {
 protected:
  CompareCommandTest() : root_(::testing::TempDir() + "compared/") {
    fs::remove_all(root_);
  }

  std::string Metrics(const std::string& name) {
    return root_ + name + "/metrics.jsonl";
  }

  void WriteRun(const std::string& name, const RunInfo& info) {
    fs::create_directories(root_ + name);
    REPRISE_ASSERT_OK(
        ReplaceFile(root_ + name + "/run.json", {"{\"schema\":1}"}));
    REPRISE_ASSERT_OK(WriteRunJson(root_ + name, info));
    auto sink = JsonlSink::Open(Metrics(name));
    REPRISE_ASSERT_OK(sink.status());
    RunStart start = ScriptedRunStart();
    start.run_id = info.run_id;
    REPRISE_ASSERT_OK((*sink)->OnRunStart(start));
    for (int task = 0; task < 3; ++task) {
      REPRISE_ASSERT_OK(PlayScriptedTask(task, **sink));
    }
    REPRISE_ASSERT_OK((*sink)->OnRunEnd(ScriptedRunEnd()));
  }

  static RunInfo InfoOf(const std::string& id) {
    RunInfo info;
    info.run_id = id;
    info.settings = {{"lr", "0.5", "default"},
                     {"seed", "42", "default"},
                     {"save-dir", "\"" + id + "\"", "flag"},
                     {"log-interval", id == "a" ? "10" : "1", "flag"}};
    info.hosts = {"node1", "node1"};
    return info;
  }

  void WriteTwoEqualRuns() {
    WriteRun("a", InfoOf("a"));
    WriteRun("b", InfoOf("b"));
  }

  // Replaces text in the records of a run.
  void Change(const std::string& name, const std::string& from,
              const std::string& to) {
    REPRISE_ASSERT_OK_AND_ASSIGN(const std::string text,
                                 ReadWholeFile(Metrics(name)));
    const std::string changed = absl::StrReplaceAll(text, {{from, to}});
    ASSERT_NE(changed, text);
    REPRISE_ASSERT_OK(ReplaceFile(Metrics(name), {changed}));
  }

  std::string Compare(std::vector<std::string> arguments, int width = 0) {
    for (std::string& argument : arguments) {
      if (argument.front() != '-') argument = root_ + argument;
    }
    std::ostringstream out;
    result_ = RunCompareCommand(arguments, width, out);
    REPRISE_EXPECT_OK(result_.status());
    return out.str();
  }

  const std::string root_;
  absl::StatusOr<int> result_ = 0;
};

TEST_F(CompareCommandTest, RunsThatComputedTheSameAreSaidToBeTheSame) {
  WriteTwoEqualRuns();
  Change("b", "\"unix_seconds\":17", "\"unix_seconds\":18");
  const std::string text = Compare({"a", "b", "--same"});
  EXPECT_THAT(text, AllOf(HasSubstr("Settings that differ: none\n"),
                          HasSubstr("Surroundings that differ: none\n"),
                          HasSubstr("A and B: all 44 are equal\n")));
  EXPECT_EQ(*result_, 0);
}

TEST_F(CompareCommandTest, TheFirstRecordThatDiffersIsNamedWithItsFields) {
  WriteTwoEqualRuns();
  Change("b", "\"top1\":0.96,", "\"top1\":0.97,");
  const std::string text = Compare({"a", "b", "--same"});
  EXPECT_THAT(text, HasSubstr("A and B: 22 are equal, then they differ: record "
                              "23, test of task 1, test_task 1, epoch 1, head "
                              "\"nme\"\n    top1: 0.96 and 0.97\n"));
  EXPECT_EQ(*result_, 1);
  Compare({"a", "b"});
  EXPECT_EQ(*result_, 0);
}

TEST_F(CompareCommandTest, SettingsAndSurroundingsThatDifferStandSideBySide) {
  WriteRun("a", InfoOf("a"));
  RunInfo info = InfoOf("b");
  info.settings[0] = {"lr", "0.25", "flag"};
  info.settings.push_back({"momentum", "0.9", "default"});
  info.hosts = {"node1", "node2"};
  WriteRun("b", info);
  const std::string text = Compare({"a", "b"});
  EXPECT_THAT(text, HasSubstr("Settings that differ:\n"
                              "setting   A              B\n"
                              "lr        0.5 (default)  0.25 (flag)\n"
                              "momentum  -              0.9 (default)\n"));
  EXPECT_THAT(text, HasSubstr("hosts  node1 (all 2)  node1, node2\n"));
  EXPECT_THAT(text, Not(HasSubstr("save-dir")));
}

TEST_F(CompareCommandTest, MeasuresAndPhasesHaveTheirDifferenceToA) {
  WriteTwoEqualRuns();
  // The last test of task 0: forgotten less.
  Change("b", "\"top1\":0.8,", "\"top1\":0.9,");
  Change("b", "\"forward\":10.0", "\"forward\":15.0");
  const std::string text = Compare({"a", "b"});
  EXPECT_THAT(text, ContainsRegex("forgetting +0.07 +0.02 +-0.05"));
  EXPECT_THAT(text,
              ContainsRegex("forward +10 +15 +[+]5 [(][+]50.0%[)] +seconds"));
  EXPECT_THAT(text, Not(HasSubstr("rehearsal_wait")));
  EXPECT_THAT(text, AllOf(HasSubstr("Accuracy of A, nme: row = after task i"),
                          HasSubstr("after task 3      0.9000   0.9700")));
}

TEST_F(CompareCommandTest, EachOfSeveralRunsIsComparedWithTheFirst) {
  WriteTwoEqualRuns();
  WriteRun("c", InfoOf("c"));
  Change("b", "\"top1\":0.96,", "\"top1\":0.97,");
  const std::string text = Compare({"a", "b", "c", "--same"});
  EXPECT_THAT(text, AllOf(HasSubstr("A and B: 22 are equal, then"),
                          HasSubstr("A and C: all 44 are equal")));
  EXPECT_EQ(*result_, 1);
}

TEST_F(CompareCommandTest, ARunThatEndedEarlyDiffersWhereItEnds) {
  WriteTwoEqualRuns();
  REPRISE_ASSERT_OK_AND_ASSIGN(const std::string text,
                               ReadWholeFile(Metrics("b")));
  const size_t middle = text.find("\"record\":\"task_end\"");
  REPRISE_ASSERT_OK(ReplaceFile(Metrics("b"), {text.substr(0, middle)}));
  REPRISE_ASSERT_OK_AND_ASSIGN(const RecordComparison records,
                               CompareRecords(Metrics("a"), Metrics("b")));
  EXPECT_EQ(records.equal_records, 10);
  EXPECT_EQ(records.first_difference,
            absl::StrCat("after record 10, where ", Metrics("b"), " ends"));
  EXPECT_THAT(Compare({"a", "b"}), HasSubstr("unfinished, task 1 of 3"));
  fs::remove(Metrics("b"));
  EXPECT_THAT(Compare({"a", "b", "--same"}),
              AllOf(HasSubstr("A and B: one has none"),
                    HasSubstr("Accuracy of B: no evaluation yet")));
  EXPECT_EQ(*result_, 1);
}

TEST_F(CompareCommandTest, RecordsAreEqualHoweverTheirTextIsWritten) {
  WriteTwoEqualRuns();
  Change("b", "\"task\":0,", "\"task\" : 0, ");
  Change("b", "\"top1\":0.9,", "\"top1\":9e-1,");
  REPRISE_ASSERT_OK_AND_ASSIGN(const RecordComparison records,
                               CompareRecords(Metrics("a"), Metrics("b")));
  EXPECT_TRUE(records.is_same()) << records.first_difference;
  // The text that is passed over in a record is not taken for its end.
  Change("b", "\"head\":\"nme\"", "\"head\":\"nm,\\\"timing\\\":{\"");
  REPRISE_ASSERT_OK_AND_ASSIGN(const RecordComparison others,
                               CompareRecords(Metrics("a"), Metrics("b")));
  EXPECT_EQ(others.equal_records, 1);
}

TEST_F(CompareCommandTest, AFieldThatOneRecordLacksIsADifference) {
  WriteTwoEqualRuns();
  Change("b", "\"record\":\"run_end\",", "\"record\":\"run_end\",\"more\":1,");
  REPRISE_ASSERT_OK_AND_ASSIGN(const RecordComparison records,
                               CompareRecords(Metrics("a"), Metrics("b")));
  EXPECT_EQ(records.equal_records, 43);
  EXPECT_THAT(records.fields, ElementsAre("more: nothing and 1"));
}

TEST_F(CompareCommandTest, MistakesAreUsageErrorsAndHelpTeaches) {
  std::ostringstream out;
  EXPECT_THAT(RunCompareCommand({"a"}, 0, out),
              AllOf(ExitsWith(ExitCode::kUsage),
                    FailsWith("expected two runs or more, found 1")));
  EXPECT_THAT(RunCompareCommand({root_, root_}, 0, out),
              AllOf(ExitsWith(ExitCode::kUsage),
                    FailsWith("expected the folder of a run")));
  REPRISE_EXPECT_OK(RunCompareCommand({"--help"}, 0, out).status());
  EXPECT_THAT(out.str(), HasSubstr("--same && echo reproduced"));
}

}  // namespace
}  // namespace reprise
