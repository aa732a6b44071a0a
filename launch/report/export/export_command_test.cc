#include "launch/report/export/export_command.h"

#include <filesystem>
#include <limits>
#include <sstream>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "core/base/file.h"
#include "core/base/status.h"
#include "core/base/status_matchers.h"
#include "core/metrics/jsonl/jsonl_sink.h"
#include "core/metrics/metric_sink.h"
#include "core/metrics/run_json.h"
#include "core/metrics/testing/scripted_run.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "launch/report/export/table_writer.h"
#include "nlohmann/json.hpp"

namespace reprise {
namespace {

namespace fs = std::filesystem;

using ::nlohmann::json;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::SizeIs;

constexpr char kRunColumns[] =
    "run,experiment,agent,model,dataset,generated_data,world_size,num_tasks,"
    "epochs_per_task,seed";
constexpr char kRunCells[] = "scripted,icarl,mnistnet,mnist,false,2,3,1,42";

class ExportCommandTest : public ::testing::Test {
 protected:
  ExportCommandTest() : root_(::testing::TempDir() + "exported/") {
    fs::remove_all(root_);
    WriteRun("a");
    WriteRun("b");
  }

  void WriteRun(const std::string& name) {
    fs::create_directories(root_ + name);
    REPRISE_ASSERT_OK(
        ReplaceFile(root_ + name + "/run.json", {RunJsonClaim()}));
    auto sink = JsonlSink::Open(root_ + name + "/metrics.jsonl");
    REPRISE_ASSERT_OK(sink.status());
    RunStart start = ScriptedRunStart();
    start.run_id = name;
    REPRISE_ASSERT_OK((*sink)->OnRunStart(start));
    for (int task = 0; task < 3; ++task) {
      REPRISE_ASSERT_OK(PlayScriptedTask(task, **sink));
    }
    REPRISE_ASSERT_OK((*sink)->OnRunEnd(ScriptedRunEnd()));
  }

  // Of the lines of a table, without the last line's end.
  std::vector<std::string> Csv(const std::string& table,
                               const std::vector<std::string>& runs = {"a"}) {
    std::vector<std::string> arguments = {"--csv=-", "--table=" + table};
    for (const std::string& run : runs) arguments.push_back(root_ + run);
    std::ostringstream out;
    REPRISE_EXPECT_OK(RunExportCommand(arguments, out));
    const std::string text = out.str();
    EXPECT_EQ(text.back(), '\n');
    return absl::StrSplit(text.substr(0, text.size() - 1), '\n');
  }

  const std::string root_;
};

TEST_F(ExportCommandTest, TestsOfSeveralRunsAreOneTable) {
  const std::vector<std::string> lines = Csv("test", {"a", "b"});
  ASSERT_THAT(lines, SizeIs(1 + 2 * 24));
  EXPECT_EQ(lines[0],
            absl::StrCat(kRunColumns,
                         ",task,test_task,epoch,head,primary,top1,top5,loss,"
                         "correct,samples,steps,seconds"));
  // Before training the head cannot answer: empty cells.
  EXPECT_EQ(lines[1],
            absl::StrCat("a,", kRunCells, ",0,0,0,nme,true,,,,0,400,7,0.5"));
  EXPECT_EQ(lines[3], absl::StrCat("a,", kRunCells,
                                   ",0,0,1,nme,true,0.9,1.0,,360,400,7,0.5"));
  EXPECT_EQ(lines[25].substr(0, 2), "b,");
}

TEST_F(ExportCommandTest, AColumnOfARecordStandsInPlaceOfTheRunsOfThatName) {
  const std::vector<std::string> lines = Csv("train_epoch");
  ASSERT_THAT(lines, SizeIs(1 + 3));
  EXPECT_EQ(lines[0],
            "run,experiment,agent,model,dataset,generated_data,num_tasks,"
            "epochs_per_task,seed,task,epoch,epoch_of_run,steps_of_run,steps,"
            "loss,incoming_loss,representative_loss,top1,top5,incoming_samples,"
            "representatives,representative_weight_share,learning_rate,"
            "world_size,seconds,phase_load_seconds,"
            "phase_rehearsal_wait_seconds,phase_forward_seconds,"
            "phase_backward_seconds,phase_reduction_wait_seconds,"
            "phase_optimizer_seconds,phase_buffer_update_seconds,"
            "phase_evaluation_seconds,phase_other_seconds,overlap_share");
  for (const std::string& line : lines) {
    EXPECT_THAT(std::vector<std::string>(absl::StrSplit(line, ',')),
                SizeIs(35));
  }
}

TEST_F(ExportCommandTest, EachOtherTableHasItsRows) {
  EXPECT_THAT(Csv("step"), SizeIs(1 + 12));
  const std::vector<std::string> tasks = Csv("task_end");
  EXPECT_EQ(tasks[0], absl::StrCat(kRunColumns, ",task,seconds,exemplars"));
  EXPECT_EQ(tasks[3], absl::StrCat("a,", kRunCells, ",2,13.0,1500.0"));
  const std::vector<std::string> classes = Csv("classes");
  EXPECT_EQ(classes[0], absl::StrCat(kRunColumns, ",task,class,class_weight"));
  EXPECT_EQ(classes[2], absl::StrCat("a,", kRunCells, ",0,1,1.5"));
  EXPECT_THAT(classes, SizeIs(1 + 3 * 2));
  EXPECT_THAT(Csv("ranks"), SizeIs(1));
  const std::vector<std::string> matrix = Csv("matrix");
  EXPECT_EQ(matrix[0],
            absl::StrCat(kRunColumns, ",task,test_task,head,primary,accuracy"));
  EXPECT_THAT(matrix, SizeIs(1 + 2 * 6));
  EXPECT_EQ(matrix[4], absl::StrCat("a,", kRunCells, ",2,0,nme,true,0.8"));
  const std::vector<std::string> confusion = Csv("confusion");
  EXPECT_EQ(confusion[0], absl::StrCat(kRunColumns,
                                       ",task,test_task,head,primary,"
                                       "true_class,predicted_class,samples"));
  EXPECT_EQ(confusion[1],
            absl::StrCat("a,", kRunCells, ",0,0,nme,true,0,0,360"));
  EXPECT_EQ(confusion[2],
            absl::StrCat("a,", kRunCells, ",0,0,nme,true,0,9,40"));
}

TEST_F(ExportCommandTest, AnAnswerThatIsNoClassIsAnEmptyCell) {
  TestRecord test;
  test.head = "logits";
  test.epoch = 1;
  test.samples = 5;
  test.confusion = ConfusionCounts{{4, kNoClass, 5}};
  fs::remove(root_ + "b/metrics.jsonl");
  auto sink = JsonlSink::Open(root_ + "b/metrics.jsonl");
  REPRISE_ASSERT_OK(sink.status());
  RunStart start = ScriptedRunStart();
  start.run_id = "b";
  REPRISE_ASSERT_OK((*sink)->OnRunStart(start));
  REPRISE_ASSERT_OK((*sink)->OnTest(test));
  const std::vector<std::string> rows = Csv("confusion", {"b"});
  ASSERT_THAT(rows, SizeIs(2));
  EXPECT_EQ(rows[1], absl::StrCat("b,", kRunCells, ",0,0,logits,true,4,,5"));
}

TEST_F(ExportCommandTest, JsonHasUnitsAndTheSameRows) {
  std::ostringstream out;
  REPRISE_ASSERT_OK(RunExportCommand({root_ + "a", "--json=-"}, out));
  const json table = json::parse(out.str());
  EXPECT_EQ(table["columns"][15]["name"], "top1");
  EXPECT_EQ(table["columns"][15]["unit"], "ratio");
  EXPECT_THAT(table["rows"], SizeIs(24));
  EXPECT_THAT(table["rows"][0], SizeIs(table["columns"].size()));
  EXPECT_EQ(table["rows"][0][15], nullptr);
  EXPECT_EQ(table["rows"][2][15], 0.9);
}

TEST_F(ExportCommandTest, WithoutAFileTheTableGoesToTheStandardOutput) {
  const std::string run = root_ + "a";
  std::ostringstream named, last, first;
  REPRISE_ASSERT_OK(
      RunExportCommand({run, "--table=matrix", "--csv=-"}, named));
  REPRISE_ASSERT_OK(RunExportCommand({run, "--table=matrix", "--csv"}, last));
  REPRISE_ASSERT_OK(RunExportCommand({run, "--csv", "--table=matrix"}, first));
  EXPECT_EQ(last.str(), named.str());
  EXPECT_EQ(first.str(), named.str());
  REPRISE_ASSERT_OK(RunExportCommand({run, "--json"}, first));
}

TEST_F(ExportCommandTest, AFileIsReplacedOnlyByAWholeTable) {
  const std::string file = root_ + "t.csv";
  std::ostringstream out;
  REPRISE_ASSERT_OK(RunExportCommand({root_ + "a", "--csv", file}, out));
  EXPECT_EQ(out.str(), "");
  const std::string before = *ReadWholeFile(file);
  REPRISE_ASSERT_OK(ReplaceFile(root_ + "b/metrics.jsonl", {"{}\n"}));
  EXPECT_THAT(RunExportCommand({root_ + "a", root_ + "b", "--csv", file}, out),
              ExitsWith(ExitCode::kData));
  EXPECT_EQ(*ReadWholeFile(file), before);
  EXPECT_THAT(RunExportCommand({root_ + "a", "--csv", root_ + "no/t.csv"}, out),
              ExitsWith(ExitCode::kStorage));
}

TEST_F(ExportCommandTest, ARunWithoutRecordsHasNoRows) {
  fs::remove(root_ + "b/metrics.jsonl");
  EXPECT_THAT(Csv("test", {"b"}), SizeIs(1));
  EXPECT_THAT(Csv("matrix", {"b"}), SizeIs(1));
}

TEST_F(ExportCommandTest, MistakesAreUsageErrorsAndHelpTeaches) {
  std::ostringstream out;
  EXPECT_THAT(RunExportCommand({"--tabel=test"}, out),
              AllOf(ExitsWith(ExitCode::kUsage), FailsWith("3 problems"),
                    FailsWith("did you mean --table?"),
                    FailsWith("expected the folder of a run"),
                    FailsWith("--csv or --json, found neither")));
  EXPECT_THAT(RunExportCommand({"a", "--csv=-", "--json=-"}, out),
              FailsWith("found both"));
  EXPECT_THAT(RunExportCommand({root_, "--csv=-"}, out),
              FailsWith("a folder of 2 runs; name one"));
  EXPECT_EQ(out.str(), "");
  REPRISE_EXPECT_OK(RunExportCommand({"--help"}, out));
  EXPECT_THAT(out.str(), HasSubstr("read_csv"));
}

TEST(CsvWriter, QuotesAsRfc4180SaysAndKeepsAllDigits) {
  std::string text;
  const auto writer = MakeCsvWriter([&text](absl::string_view bytes) {
    absl::StrAppend(&text, bytes);
    return absl::OkStatus();
  });
  REPRISE_ASSERT_OK(writer->Begin({{"a", "", ""}, {"b, c", "", ""}}));
  REPRISE_ASSERT_OK(writer->Row({"say \"x\"", "two\nlines"}));
  REPRISE_ASSERT_OK(writer->Row({nullptr, ""}));
  REPRISE_ASSERT_OK(writer->Row({0.1 + 0.2, 1e-300}));
  REPRISE_ASSERT_OK(
      writer->Row({std::numeric_limits<uint64_t>::max(), " padded"}));
  REPRISE_ASSERT_OK(writer->End());
  EXPECT_EQ(text,
            "a,\"b, c\"\n"
            "\"say \"\"x\"\"\",\"two\nlines\"\n"
            ",\"\"\n"
            "0.30000000000000004,1e-300\n"
            "18446744073709551615,\" padded\"\n");
}

TEST(CsvWriter, AFailureOfTheOutputIsReturned) {
  const auto writer =
      MakeCsvWriter([](absl::string_view) { return StorageError("full"); });
  EXPECT_THAT(writer->Begin({{"a", "", ""}}), FailsWith("full"));
}

}  // namespace
}  // namespace reprise
