#include "core/metrics/influx/record_points.h"

#include <cstdint>
#include <filesystem>
#include <limits>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/string_view.h"
#include "core/base/philox.h"
#include "core/base/status.h"
#include "core/base/status_matchers.h"
#include "core/metrics/jsonl/jsonl_replay.h"
#include "core/metrics/jsonl/jsonl_sink.h"
#include "core/metrics/testing/scripted_run.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace reprise {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

struct ParsedPoint {
  std::string measurement;
  std::map<std::string, std::string> tags, fields;
  std::string time;
};

// Reads line protocol as its documentation says, by hand: fields stay text.
class LineParser {
 public:
  explicit LineParser(std::string line) : line_(std::move(line)) {}

  ParsedPoint Parse() {
    ParsedPoint point;
    point.measurement = Word(", ");
    while (Take(',')) {
      const std::string key = Word("=");
      Expect('=');
      const std::string value = Word(", ");
      EXPECT_FALSE(key.empty() || value.empty()) << line_;
      EXPECT_TRUE(point.tags.emplace(key, value).second) << line_;
    }
    Expect(' ');
    do {
      const std::string key = Word("=");
      Expect('=');
      const std::string value =
          at_ < line_.size() && line_[at_] == '"' ? Quoted() : Word(", ");
      EXPECT_FALSE(key.empty() || value.empty()) << line_;
      EXPECT_TRUE(point.fields.emplace(key, value).second) << line_;
    } while (Take(','));
    Expect(' ');
    point.time = line_.substr(at_);
    int64_t time;
    EXPECT_TRUE(absl::SimpleAtoi(point.time, &time)) << line_;
    return point;
  }

 private:
  bool Take(char c) {
    if (at_ >= line_.size() || line_[at_] != c) return false;
    ++at_;
    return true;
  }
  void Expect(char c) { EXPECT_TRUE(Take(c)) << c << " at " << at_ << line_; }
  // Up to one of `ends` that no backslash is before.
  std::string Word(const std::string& ends) {
    std::string word;
    for (; at_ < line_.size(); ++at_) {
      if (line_[at_] == '\\' && at_ + 1 < line_.size() &&
          std::string(", =").find(line_[at_ + 1]) != std::string::npos) {
        word += line_[++at_];
      } else if (ends.find(line_[at_]) != std::string::npos) {
        break;
      } else {
        word += line_[at_];
      }
    }
    return word;
  }
  std::string Quoted() {
    std::string text = "\"";
    for (++at_; at_ < line_.size() && line_[at_] != '"'; ++at_) {
      if (line_[at_] == '\\') ++at_;
      text += line_[at_];
    }
    ++at_;
    return text + "\"";
  }

  const std::string line_;
  size_t at_ = 0;
};

std::vector<ParsedPoint> Parse(const std::string& lines) {
  EXPECT_TRUE(lines.empty() || lines.back() == '\n');
  std::vector<ParsedPoint> points;
  for (const absl::string_view line :
       absl::StrSplit(lines, '\n', absl::SkipEmpty())) {
    points.push_back(LineParser(std::string(line)).Parse());
  }
  return points;
}

TEST(RecordPointsTest, LinesAreTheseBytes) {
  RecordPoints points;
  EXPECT_EQ(points.Of("R", ScriptedRunStart()),
            "reprise_run_start,run=R,experiment=scripted,agent=icarl,"
            "model=mnistnet,dataset=mnist,world_size=2 generated_data=false,"
            "num_tasks=3i,epochs_per_task=1i,seed=42i 1709251199000000000\n");
  StepRecord step;
  step.unix_microseconds = 1709251199000001;
  step.task = 1;
  step.global_step = 7;
  step.loss_so_far = 0.5;
  EXPECT_EQ(points.Of("R", step),
            "reprise_step,run=R,experiment=scripted,agent=icarl,model=mnistnet,"
            "dataset=mnist,world_size=2,task=1 epoch=0i,step=0i,"
            "steps_in_epoch=0i,global_step=7i,loss=0.5,accuracy=0.0,"
            "learning_rate=0.0,run_fraction=0.0 1709251199000001000\n");
}

TEST(RecordPointsTest, AnAgentsNumbersAreFieldsAndPointsByClassAndRank) {
  RecordPoints record_points;
  TaskRecord task;
  task.task = 2;
  task.unix_microseconds = 5;
  task.agent.scalars = {{"buffer_bytes", 10}, {"seconds", 3}};
  task.agent.by_class = {{"stored", {1, 2}}, {"unique", {1}}};
  task.agent.by_rank = {{"stored", {3}}};
  const auto points = Parse(record_points.Of("", task));
  ASSERT_EQ(points.size(), 4u);
  using Map = std::map<std::string, std::string>;
  EXPECT_EQ(points[0].measurement, "reprise_task_end");
  EXPECT_EQ(points[0].fields, (Map{{"buffer_bytes", "10.0"},
                                   {"seconds", "0.0"},
                                   {"agent_seconds", "3.0"}}));
  EXPECT_EQ(points[1].measurement, "reprise_class");
  EXPECT_EQ(points[1].tags, (Map{{"class", "000"}, {"task", "2"}}));
  EXPECT_EQ(points[1].fields, (Map{{"stored", "1.0"}, {"unique", "1.0"}}));
  EXPECT_EQ(points[2].tags, (Map{{"class", "001"}, {"task", "2"}}));
  EXPECT_EQ(points[2].fields, (Map{{"stored", "2.0"}}));
  EXPECT_EQ(points[3].tags, (Map{{"rank", "000"}, {"task", "2"}}));
  for (const ParsedPoint& point : points) EXPECT_EQ(point.time, "5000");
}

TEST(RecordPointsTest, PhasesAreFieldsOfTheirNames) {
  RecordPoints points;
  EXPECT_THAT(points.Of("R", ScriptedRunEnd()),
              HasSubstr("phase_forward_seconds=10.0,"
                        "phase_backward_seconds=20.0,"));
}

TEST(RecordPointsTest, WhatIsUnknownOrNotFiniteIsLeftOut) {
  RecordPoints points;
  TestRecord test;
  test.head = "nme";
  test.top5 = std::numeric_limits<double>::quiet_NaN();
  test.loss = std::numeric_limits<double>::infinity();
  const std::string line = points.Of("R", test);
  for (const char* name : {"top1", "top5", "loss"}) {
    EXPECT_THAT(line, Not(HasSubstr(name)));
  }
  RunStart start;
  start.seed = uint64_t{1} << 63;
  EXPECT_THAT(points.Of("R", start), Not(HasSubstr("seed")));
  start.seed = (uint64_t{1} << 63) - 1;
  EXPECT_THAT(points.Of("R", start), HasSubstr("seed=9223372036854775807i"));
}

// Any text comes back, but for what line protocol has no form for.
TEST(RecordPointsTest, AnyTextIsOneTagAndOneField) {
  PhiloxStream random({42, Purpose::kTest, 0, 0, 0});
  constexpr char kAlphabet[] = ", =\\\"\n\r\taZ\xc3\xa9\xff#'";
  for (int i = 0; i < 2000; ++i) {
    std::string text;
    for (uint64_t n = 1 + random.NextBelow(8); n > 0; --n) {
      text += kAlphabet[random.NextBelow(sizeof(kAlphabet))];  // and NUL
    }
    RunStart start = ScriptedRunStart();
    start.agent = text;
    TaskRecord task;
    task.agent.scalars["x" + text] = 1;
    RecordPoints record_points;
    ASSERT_EQ(Parse(record_points.Of(text, start)).size(), 1u);
    const auto points = Parse(record_points.Of(text, task));
    ASSERT_EQ(points.size(), 1u);
    std::string expected;
    for (const char c : text) {
      expected += static_cast<unsigned char>(c) < 0x20 ? ' '
                  : c == '\\'                          ? '/'
                                                       : c;
    }
    const std::string tag = points[0].tags.at("agent");
    EXPECT_EQ(tag, points[0].tags.at("run"));
    EXPECT_EQ(points[0].fields.count("x" + tag), 1u);
    if (text.find('\xff') == text.npos && text.find('\xc3') == text.npos &&
        text.find('\xa9') == text.npos) {
      EXPECT_EQ(tag, expected);
    }
  }
}

// Texts that are not UTF-8, numbers that are not finite, odd doubles.
absl::Status PlayOddRecords(MetricSink& sink) {
  RunStart odd = ScriptedRunStart();
  odd.agent = "caf\xe9, \"x\" \\ \n";
  odd.seed = UINT64_MAX;
  StepRecord step;
  step.unix_microseconds = 1764488139123457;
  step.loss_so_far = 0.1 + 0.2;
  step.learning_rate = 1e-300;
  step.accuracy_so_far = std::numeric_limits<double>::quiet_NaN();
  step.images_per_second = 1e22;
  TaskRecord task;
  task.agent.by_class["w"] = {1, std::numeric_limits<double>::infinity()};
  REPRISE_RETURN_IF_ERROR(sink.OnRunStart(odd));
  REPRISE_RETURN_IF_ERROR(sink.OnStep(step));
  return sink.OnTaskEnd(task);
}

// A replay writes the points that the run wrote.
TEST(RecordPointsTest, LinesOfMetricsJsonlMakeTheSamePoints) {
  const std::string path = ::testing::TempDir() + "points.jsonl";
  std::filesystem::remove(path);
  std::string direct_lines, replayed_lines;
  const auto append_to = [](std::string* lines) {
    return [lines](absl::string_view more) {
      absl::StrAppend(lines, more);
      return absl::OkStatus();
    };
  };
  PointSink direct(append_to(&direct_lines));
  {
    REPRISE_ASSERT_OK_AND_ASSIGN(const std::unique_ptr<JsonlSink> jsonl,
                                 JsonlSink::Open(path));
    for (MetricSink* sink : {static_cast<MetricSink*>(&direct),
                             static_cast<MetricSink*>(jsonl.get())}) {
      REPRISE_ASSERT_OK(PlayScriptedRun(*sink));
      REPRISE_ASSERT_OK(PlayOddRecords(*sink));
    }
  }
  PointSink replayed(append_to(&replayed_lines));
  REPRISE_ASSERT_OK(ReplayJsonl(path, replayed).status());
  EXPECT_EQ(replayed_lines, direct_lines);
  // No two points of a run have measurement, tags and time in common: the
  // later would replace the earlier.
  std::set<std::string> keys;
  for (const ParsedPoint& point : Parse(direct_lines)) {
    std::string key = point.measurement + point.time;
    for (const auto& [name, value] : point.tags) {
      absl::StrAppend(&key, ",", name, "=", value);
    }
    EXPECT_TRUE(keys.insert(key).second) << key;
  }
}

}  // namespace
}  // namespace reprise
