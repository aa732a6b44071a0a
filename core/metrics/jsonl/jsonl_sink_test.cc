#include "core/metrics/jsonl/jsonl_sink.h"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <filesystem>
#include <limits>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "core/base/file.h"
#include "core/base/status.h"
#include "core/base/status_matchers.h"
#include "core/metrics/jsonl/jsonl_reader.h"
#include "core/metrics/testing/scripted_run.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "nlohmann/json.hpp"

namespace reprise {
namespace {

using ::nlohmann::json;
using ::testing::HasSubstr;
using ::testing::SizeIs;

struct Content {
  std::vector<std::string> lines;
  int64_t whole_bytes = 0, cut_bytes = 0;
};

absl::StatusOr<Content> ReadAll(const std::string& path) {
  REPRISE_ASSIGN_OR_RETURN(JsonlReader reader, JsonlReader::Open(path));
  Content content;
  while (true) {
    REPRISE_ASSIGN_OR_RETURN(const auto line, reader.NextLine());
    if (!line.has_value()) break;
    REPRISE_RETURN_IF_ERROR(reader.Parse(*line, reader.position()).status());
    content.lines.emplace_back(*line);
  }
  content.whole_bytes = reader.whole_bytes();
  content.cut_bytes = reader.cut_bytes();
  return content;
}

class JsonlTest : public ::testing::Test {
 protected:
  JsonlTest() : path_(::testing::TempDir() + "metrics.jsonl") {
    std::filesystem::remove(path_);
  }

  std::unique_ptr<JsonlSink> OpenSink() {
    auto sink = JsonlSink::Open(path_);
    EXPECT_THAT(sink, IsOk());
    return *std::move(sink);
  }

  std::vector<json> Records() {
    auto content = ReadAll(path_);
    EXPECT_THAT(content, IsOk());
    std::vector<json> records;
    for (const std::string& line : content->lines) {
      records.push_back(json::parse(line));
    }
    return records;
  }

  const std::string path_;
};

TEST_F(JsonlTest, ARunReadsBackRecordByRecord) {
  REPRISE_ASSERT_OK(PlayScriptedRun(*OpenSink()));
  const std::vector<json> records = Records();
  std::map<std::string, int> kinds;
  double last = ScriptedRunStart().unix_microseconds / 1e6;
  for (const json& record : records) {
    EXPECT_EQ(record["schema"], 1);
    EXPECT_GE(record["timing"]["unix_seconds"], last);
    last = record["timing"]["unix_seconds"];
    ++kinds[record["record"]];
  }
  EXPECT_EQ(kinds, (std::map<std::string, int>{{"run_start", 1},
                                               {"step", 12},
                                               {"train_epoch", 3},
                                               {"test", 24},
                                               {"task_end", 3},
                                               {"run_end", 1}}));
  EXPECT_EQ(records.front()["record"], "run_start");
  EXPECT_EQ(records.front()["world_size"], 2);
  EXPECT_EQ(records.back()["timing"]["phase_seconds"]["backward"], 20.0);
  const json& epoch = *std::find_if(
      records.begin(), records.end(),
      [](const json& record) { return record["record"] == "train_epoch"; });
  EXPECT_EQ(epoch["top1"], 0.8125);
  EXPECT_EQ(epoch["representative_loss"], nullptr);
  const json& task = records[records.size() - 2];
  EXPECT_EQ(task["agent"]["by_class"]["class_weight"], json({1.0, 1.5}));
}

TEST_F(JsonlTest, EachRecordIsInTheFileWhenTheCallReturns) {
  auto sink = OpenSink();
  REPRISE_ASSERT_OK(sink->OnRunStart(ScriptedRunStart()));
  EXPECT_THAT(Records(), SizeIs(1));
  REPRISE_ASSERT_OK(sink->OnRunEnd(ScriptedRunEnd()));
  EXPECT_THAT(Records(), SizeIs(2));
}

TEST_F(JsonlTest, TwoRunsDifferOnlyInTheirTiming) {
  REPRISE_ASSERT_OK(PlayScriptedRun(*OpenSink()));
  std::vector<json> first = Records();
  std::filesystem::remove(path_);
  auto sink = OpenSink();
  REPRISE_ASSERT_OK(sink->OnRunStart(ScriptedRunStart()));
  for (int task = 0; task < 3; ++task) {
    REPRISE_ASSERT_OK(PlayScriptedTask(task, *sink));
  }
  RunEnd slower = ScriptedRunEnd();
  slower.seconds *= 2;
  slower.training_seconds *= 2;
  slower.phase_seconds[0] = 77;
  REPRISE_ASSERT_OK(sink->OnRunEnd(slower));
  std::vector<json> second = Records();
  EXPECT_NE(first, second);
  for (auto* records : {&first, &second}) {
    for (json& record : *records) record.erase("timing");
  }
  EXPECT_EQ(first, second);
}

TEST_F(JsonlTest, ALineHasTheMicrosecondAtWhichItsRecordWasReported) {
  auto sink = OpenSink();
  StepRecord step;
  step.unix_microseconds = 1764488139123457;
  REPRISE_ASSERT_OK(sink->OnStep(step));
  const double seconds = Records()[0]["timing"]["unix_seconds"];
  EXPECT_EQ(std::llround(seconds * 1e6), step.unix_microseconds);
  REPRISE_ASSERT_OK_AND_ASSIGN(const std::string text, ReadWholeFile(path_));
  EXPECT_THAT(text, HasSubstr("\"unix_seconds\":1764488139.123457}"));
}

TEST_F(JsonlTest, EachRecordHasTheIdOfItsRunAndTheClockOnlyInItsTiming) {
  REPRISE_ASSERT_OK(PlayScriptedRun(*OpenSink()));
  for (const json& record : Records()) {
    EXPECT_EQ(record["run"], ScriptedRunStart().run_id);
    EXPECT_FALSE(record.contains("seconds"));
    EXPECT_FALSE(record.contains("unix_seconds"));
  }
}

std::string PhasesText(const char* forward, const char* backward,
                       const char* evaluation, const char* other) {
  return absl::StrCat(
      R"("phase_seconds":{"load":0.0,"rehearsal_wait":0.0,"forward":)", forward,
      R"(,"backward":)", backward,
      R"(,"reduction_wait":0.0,"optimizer":0.0,"buffer_update":0.0,)",
      R"("evaluation":)", evaluation, R"(,"other":)", other, "}");
}

// Names, order and bytes of every kind of record, which users' programs read.
TEST_F(JsonlTest, LinesAreTheseBytes) {
  RunStart start = ScriptedRunStart();
  start.run_id = "R";
  auto sink = OpenSink();
  REPRISE_ASSERT_OK(sink->OnRunStart(start));
  REPRISE_ASSERT_OK(PlayScriptedTask(0, *sink));
  REPRISE_ASSERT_OK(sink->OnRunEnd(ScriptedRunEnd()));
  REPRISE_ASSERT_OK_AND_ASSIGN(const Content content, ReadAll(path_));
  std::map<std::string, std::string> first;  // by kind
  for (const std::string& line : content.lines) {
    std::string text = line.substr(line.find("\"record\":"));
    text.resize(text.find("\"unix_seconds\""));
    first.emplace(json::parse(line)["record"], text);
  }
  EXPECT_EQ(first["run_start"],
            R"("record":"run_start","run":"R","experiment":"scripted",)"
            R"("agent":"icarl","model":"mnistnet","dataset":"mnist",)"
            R"("generated_data":false,"world_size":2,"num_tasks":3,)"
            R"("epochs_per_task":1,"seed":42,"timing":{)");
  EXPECT_EQ(first["step"],
            R"("record":"step","run":"R","task":0,"epoch":0,"step":0,)"
            R"("steps_in_epoch":4,"global_step":0,"loss":2.0,"accuracy":0.5,)"
            R"("learning_rate":0.01,"run_fraction":0.08333333333333333,)"
            R"("timing":{"images_per_second":100.0,)");
  EXPECT_EQ(
      first["train_epoch"],
      absl::StrCat(R"("record":"train_epoch","run":"R","task":0,"epoch":0,)"
                   R"("epoch_of_run":0,"steps_of_run":4,"steps":4,"loss":0.5,)"
                   R"("incoming_loss":0.625,"representative_loss":null,)"
                   R"("top1":0.8125,"top5":0.96875,"incoming_samples":1000,)"
                   R"("representatives":0,"representative_weight_share":0.0,)"
                   R"("learning_rate":0.01,"world_size":2,)"
                   R"("timing":{"seconds":10.0,)",
                   PhasesText("0.0", "0.0", "0.0", "0.0"),
                   R"(,"overlap_share":0.0,)"));
  EXPECT_EQ(first["test"],
            R"("record":"test","run":"R","task":0,"test_task":0,"epoch":0,)"
            R"("head":"nme","primary":true,"top1":null,"top5":null,)"
            R"("loss":null,"correct":0,"samples":400,"steps":7,)"
            R"("timing":{"seconds":0.5,)");
  EXPECT_EQ(first["task_end"],
            R"("record":"task_end","run":"R","task":0,"agent":{"by_class":)"
            R"({"class_weight":[1.0,1.5]},"by_rank":{},)"
            R"("scalars":{"exemplars":500.0}},"timing":{"seconds":13.0,)");
  EXPECT_EQ(
      first["run_end"],
      absl::StrCat(R"("record":"run_end","run":"R","incoming_samples":3000,)"
                   R"("world_size":2,"timing":{"seconds":40.0,)"
                   R"("training_seconds":30.0,"overlap_share":0.25,)",
                   PhasesText("10.0", "20.0", "5.0", "5.0"),
                   R"(,"sink_seconds":0.125,)"));
}

TEST_F(JsonlTest, WhatIsNotAFiniteNumberIsNull) {
  auto sink = OpenSink();
  StepRecord step;
  step.loss_so_far = std::numeric_limits<double>::quiet_NaN();
  step.accuracy_so_far = std::numeric_limits<double>::infinity();
  REPRISE_ASSERT_OK(sink->OnStep(step));
  const json record = Records()[0];
  EXPECT_EQ(record["loss"], nullptr);
  EXPECT_EQ(record["accuracy"], nullptr);
}

TEST_F(JsonlTest, ANameThatIsNotUtf8IsStillWritten) {
  auto sink = OpenSink();
  RunStart run = ScriptedRunStart();
  run.experiment = "caf\xe9";
  REPRISE_ASSERT_OK(sink->OnRunStart(run));
  EXPECT_THAT(Records(), SizeIs(1));
}

TEST_F(JsonlTest, AFileCutAtAnyByteReadsUpToItsLastWholeRecord) {
  REPRISE_ASSERT_OK(PlayScriptedTask(0, *OpenSink()));
  REPRISE_ASSERT_OK_AND_ASSIGN(const std::string whole, ReadWholeFile(path_));
  for (size_t size = 0; size <= whole.size(); ++size) {
    std::filesystem::remove(path_);
    REPRISE_ASSERT_OK(AppendFile::Open(path_)->Append(whole.substr(0, size)));
    REPRISE_ASSERT_OK_AND_ASSIGN(const Content content, ReadAll(path_));
    const std::string kept = whole.substr(0, content.whole_bytes);
    EXPECT_EQ(content.whole_bytes + content.cut_bytes,
              static_cast<int64_t>(size));
    EXPECT_EQ(std::count(kept.begin(), kept.end(), '\n'),
              static_cast<int>(content.lines.size()));
    EXPECT_TRUE(kept.empty() || kept.back() == '\n');
  }
}

TEST_F(JsonlTest, ReopeningRemovesACutRecordAndContinues) {
  REPRISE_ASSERT_OK(OpenSink()->OnRunStart(ScriptedRunStart()));
  REPRISE_ASSERT_OK(AppendFile::Open(path_)->Append("{\"schema\":1,\"rec"));
  REPRISE_ASSERT_OK(OpenSink()->OnRunEnd(ScriptedRunEnd()));
  const std::vector<json> records = Records();
  ASSERT_THAT(records, SizeIs(2));
  EXPECT_EQ(records[1]["record"], "run_end");
}

TEST_F(JsonlTest, ABrokenRecordBeforeTheEndIsNamedByLineAndOffset) {
  constexpr char kGood[] = "{\"schema\":1}\n";
  for (const auto& [line, fault] : std::map<std::string, std::string>{
           {"{\"schema\":1", "is not one JSON object"},
           {"[1]", "is not one JSON object"},
           {"", "is not one JSON object"},
           {"{}", "has no integer \"schema\""},
           {"{\"schema\":2}", "has schema 2, expected at most 1"}}) {
    std::filesystem::remove(path_);
    REPRISE_ASSERT_OK(
        AppendFile::Open(path_)->Append(absl::StrCat(kGood, line, "\n")));
    EXPECT_THAT(ReadAll(path_), ExitsWith(ExitCode::kData));
    EXPECT_THAT(ReadAll(path_),
                FailsWith(absl::StrCat("line 2 (offset 13) ", fault)));
    EXPECT_THAT(JsonlSink::Open(path_), ExitsWith(ExitCode::kData));
  }
}

TEST_F(JsonlTest, LinesOfAnyLengthUpToTheLimitComeWhole) {
  std::string text;
  for (const size_t bytes : {20, 262'143, 262'144, 3'000'000, 30}) {
    absl::StrAppend(&text, "{\"schema\":1,\"x\":\"", std::string(bytes, 'x'),
                    "\"}\n");
  }
  REPRISE_ASSERT_OK(AppendFile::Open(path_)->Append(text));
  REPRISE_ASSERT_OK_AND_ASSIGN(const Content content, ReadAll(path_));
  EXPECT_EQ(absl::StrJoin(content.lines, "\n") + "\n", text);
  REPRISE_ASSERT_OK(AppendFile::Open(path_)->Append(
      std::string(JsonlReader::kMostLineBytes + 300'000, ' ')));
  EXPECT_THAT(ReadAll(path_),
              FailsWith(absl::StrCat("line 6 (offset ", text.size(),
                                     ") is longer than 16777216 bytes")));
}

TEST_F(JsonlTest, ASymbolicLinkIsRefused) {
  std::filesystem::create_symlink(path_ + ".elsewhere", path_);
  EXPECT_THAT(JsonlSink::Open(path_), FailsWith("symbolic link"));
  EXPECT_FALSE(std::filesystem::exists(path_ + ".elsewhere"));
}

}  // namespace
}  // namespace reprise
