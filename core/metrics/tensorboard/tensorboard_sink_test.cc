#include "core/metrics/tensorboard/tensorboard_sink.h"

#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "core/base/file.h"
#include "core/base/status_matchers.h"
#include "core/metrics/testing/event_file.h"
#include "core/metrics/testing/png_pixels.h"
#include "core/metrics/testing/scripted_run.h"
#include "core/metrics/testing/wire_fields.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace reprise {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Pair;
using ::testing::SizeIs;

class TensorboardTest : public ::testing::Test {
 protected:
  TensorboardTest() : path_(::testing::TempDir() + EventFileName()) {
    std::filesystem::remove(path_);
  }

  std::unique_ptr<MetricSink> Open(
      std::vector<RunInfo::Setting> settings = {}) {
    auto sink = MakeTensorboardSink({path_, std::move(settings)});
    EXPECT_THAT(sink, IsOk());
    return *std::move(sink);
  }

  std::vector<FileEvent> Events() {
    const absl::StatusOr<std::string> bytes = ReadWholeFile(path_);
    EXPECT_THAT(bytes, IsOk());
    const auto events = ReadEvents(*bytes);
    EXPECT_THAT(events, IsOk());
    return *events;
  }

  // (step, value), by tag.
  std::map<std::string, std::vector<std::pair<int64_t, float>>> Scalars() {
    std::map<std::string, std::vector<std::pair<int64_t, float>>> scalars;
    for (const FileEvent& event : Events()) {
      for (const EventValue& value : event.values) {
        if (!value.scalar.has_value()) continue;
        scalars[value.tag].emplace_back(event.step, *value.scalar);
      }
    }
    return scalars;
  }

  // The only value of a tag.
  EventValue ValueOf(const std::string& tag) {
    std::vector<EventValue> found;
    for (const FileEvent& event : Events()) {
      for (const EventValue& value : event.values) {
        if (value.tag == tag) found.push_back(value);
      }
    }
    EXPECT_THAT(found, SizeIs(1)) << tag;
    return found.empty() ? EventValue() : found[0];
  }

  const std::string path_;
};

TEST_F(TensorboardTest, ARunsScalarsStandOverTheStepsOfTheRun) {
  REPRISE_ASSERT_OK(PlayScriptedRun(*Open()));
  auto scalars = Scalars();
  EXPECT_THAT(scalars["train/loss"],
              ElementsAre(Pair(4, .5f), Pair(8, .5f), Pair(12, .5f)));
  // Null in the first epoch.
  EXPECT_THAT(scalars["train/representative_loss"],
              ElementsAre(Pair(8, .375f), Pair(12, .375f)));
  EXPECT_THAT(scalars["throughput/images_per_second"],
              ElementsAre(Pair(4, 100), Pair(8, 100), Pair(12, 100)));
  EXPECT_THAT(scalars["test/nme/top1/task_01"],
              ElementsAre(Pair(8, .96f), Pair(12, .97f)));
  EXPECT_THAT(scalars["test/logits/loss/task_02"],
              ElementsAre(Pair(8, .25f), Pair(12, .25f)));
  EXPECT_THAT(scalars["agent/exemplars"],
              ElementsAre(Pair(4, 500), Pair(8, 1000), Pair(12, 1500)));
  EXPECT_THAT(scalars["run/phase_backward_seconds"], ElementsAre(Pair(12, 20)));
  EXPECT_THAT(scalars["run/images_per_second"], ElementsAre(Pair(12, 100)));
  EXPECT_THAT(scalars["step/loss"], SizeIs(12));
}

TEST_F(TensorboardTest, EventsHaveTheTimesOfTheirRecords) {
  REPRISE_ASSERT_OK(PlayScriptedRun(*Open()));
  const std::vector<FileEvent> events = Events();
  EXPECT_EQ(events[1].wall_time, ScriptedRunStart().unix_microseconds / 1e6);
  EXPECT_EQ(events.back().wall_time, ScriptedRunEnd().unix_microseconds / 1e6);
  for (size_t i = 2; i < events.size(); ++i) {
    EXPECT_GT(events[i].wall_time, events[i - 1].wall_time) << i;
    EXPECT_GE(events[i].step, events[i - 1].step) << i;
  }
}

// The measures of scripted_run.h, as they become known.
TEST_F(TensorboardTest, MeasuresAreThoseOfTheTasksSoFar) {
  REPRISE_ASSERT_OK(PlayScriptedRun(*Open()));
  auto scalars = Scalars();
  EXPECT_THAT(scalars["continual/average_incremental_accuracy"],
              ElementsAre(Pair(4, .9f), Pair(8, float((.9 + 6.68 / 7) / 2)),
                          Pair(12, float((.9 + 6.68 / 7 + .884) / 3))));
  EXPECT_THAT(scalars["continual/forgetting"],
              ElementsAre(Pair(8, float(.90 - .95)), Pair(12, .07f)));
  EXPECT_THAT(scalars["continual/backward_transfer"],
              ElementsAre(Pair(8, float(.95 - .90)), Pair(12, -.045f)));
  EXPECT_THAT(scalars["continual/logits/sample_mean_accuracy"],
              ElementsAre(Pair(4, 1), Pair(8, 1), Pair(12, 1)));
}

TEST_F(TensorboardTest, TagsOfScalarsAreTheseInTheseGroups) {
  REPRISE_ASSERT_OK(PlayScriptedRun(*Open()));
  std::map<std::string, std::set<std::string>> groups;
  for (const auto& [tag, points] : Scalars()) {
    groups[tag.substr(0, tag.find('/'))].insert(tag.substr(tag.find('/') + 1));
  }
  std::vector<std::string> text;
  for (const auto& [group, tags] : groups) {
    if (group != "test") {
      text.push_back(absl::StrCat(group, ": ", absl::StrJoin(tags, " ")));
    }
  }
  EXPECT_THAT(
      text,
      ElementsAre(
          "agent: exemplars",
          "continual: average_incremental_accuracy backward_transfer "
          "forgetting logits/average_incremental_accuracy "
          "logits/backward_transfer logits/forgetting "
          "logits/sample_mean_accuracy logits/task_mean_accuracy "
          "sample_mean_accuracy task_mean_accuracy",
          "phase: backward_seconds buffer_update_seconds evaluation_seconds "
          "forward_seconds load_seconds optimizer_seconds other_seconds "
          "reduction_wait_seconds rehearsal_wait_seconds",
          HasSubstr("run: images_per_second overlap_share phase_backward"),
          "step: accuracy images_per_second learning_rate loss run_fraction",
          "task: seconds", "throughput: images_per_second",
          "train: incoming_loss learning_rate loss overlap_share "
          "representative_loss representative_weight_share seconds top1 "
          "top5"));
  // Of two heads and three tasks; nme has no loss.
  EXPECT_THAT(groups["test"], SizeIs(3 * (3 + 4)));
  EXPECT_EQ(groups["test"].count("nme/top5/task_00"), 1u);
}

TEST_F(TensorboardTest, EachRecordIsAWholeEventInTheFileWhenTheCallReturns) {
  auto sink = Open();
  EXPECT_THAT(Events(), IsEmpty());
  REPRISE_ASSERT_OK(sink->OnRunStart(ScriptedRunStart()));
  std::vector<FileEvent> events = Events();
  ASSERT_THAT(events, SizeIs(2));
  EXPECT_EQ(events[0].file_version, "brain.Event:2");
  EXPECT_EQ(events[0].wall_time, events[1].wall_time);
  for (int i = 0; i < 3; ++i) {
    REPRISE_ASSERT_OK(sink->OnStep(StepRecord()));
    EXPECT_THAT(Events(), SizeIs(3 + i));
  }
}

TEST_F(TensorboardTest, ATagsMeaningIsToldOnce) {
  REPRISE_ASSERT_OK(PlayScriptedRun(*Open()));
  std::set<std::string> seen;
  for (const FileEvent& event : Events()) {
    for (const EventValue& value : event.values) {
      if (!value.scalar.has_value()) continue;
      EXPECT_EQ(value.description.empty(), !seen.insert(value.tag).second)
          << value.tag;
    }
  }
}

TEST_F(TensorboardTest, AFigureOfEachHeadComesWithEachTasksEnd) {
  REPRISE_ASSERT_OK(PlayScriptedRun(*Open()));
  std::map<std::string, std::string> figures;  // steps, by tag
  std::map<std::string, int> widths;
  for (const FileEvent& event : Events()) {
    for (const EventValue& value : event.values) {
      if (value.png.empty()) continue;
      const absl::StatusOr<PngPixels> pixels = ReadPng(value.png);
      ASSERT_THAT(pixels, IsOk());
      EXPECT_GE(pixels->width, widths[value.tag]) << "with more tasks";
      widths[value.tag] = pixels->width;
      absl::StrAppend(&figures[value.tag], event.step, " ");
    }
  }
  EXPECT_THAT(figures, ElementsAre(Pair("accuracy_matrix/logits", "4 8 12 "),
                                   Pair("accuracy_matrix/nme", "4 8 12 "),
                                   Pair("confusion_matrix/logits", "4 8 12 "),
                                   Pair("confusion_matrix/nme", "4 8 12 ")));
}

TEST_F(TensorboardTest, TextSaysRunSettingsAndOrigins) {
  auto sink = Open({{"lr", "0.1", "config.yaml:3"},
                    {"results-dir", R"("a|b`c")", "command line"},
                    {"class-order", "[1,0]", "default"}});
  REPRISE_ASSERT_OK(sink->OnRunStart(ScriptedRunStart()));
  EXPECT_EQ(ValueOf("configuration").text,
            "| setting | value | from |\n|---|---|---|\n"
            "| `lr` | `0.1` | config.yaml:3 |\n"
            "| `results-dir` | ``a\\|b`c`` | command line |\n"
            "| `class-order` | `[1,0]` | default |\n");
  EXPECT_EQ(ValueOf("configuration").plugin, "text");
  EXPECT_THAT(
      ValueOf("run").text,
      HasSubstr("| `agent` | `icarl` | method, with what changes it |"));
}

TEST_F(TensorboardTest, GeneratedDataIsAWarning) {
  RunStart run = ScriptedRunStart();
  run.generated_data = true;
  REPRISE_ASSERT_OK(Open()->OnRunStart(run));
  EXPECT_THAT(ValueOf("warning").text, HasSubstr("Generated data"));
}

TEST_F(TensorboardTest, HparamsAreFactsAndSettingsByName) {
  auto sink = Open({{"lr", "0.1", "default"},
                    {"agent", R"("nil")", "default"},
                    {"quick", "true", "command line"},
                    {"class-order", "[1,0]", "default"}});
  REPRISE_ASSERT_OK(sink->OnRunStart(ScriptedRunStart()));
  const EventValue start = ValueOf("_hparams_/session_start_info");
  EXPECT_EQ(start.plugin, "hparams");
  REPRISE_ASSERT_OK_AND_ASSIGN(WireFields content,
                               ReadWireFields(start.content));
  REPRISE_ASSERT_OK_AND_ASSIGN(WireFields session,
                               ReadWireFields(content[3][0].bytes));
  std::map<std::string, WireFields> values;
  for (const WireField& entry : session[1]) {
    REPRISE_ASSERT_OK_AND_ASSIGN(WireFields pair, ReadWireFields(entry.bytes));
    REPRISE_ASSERT_OK_AND_ASSIGN(values[pair[1][0].bytes],
                                 ReadWireFields(pair[2][0].bytes));
  }
  EXPECT_EQ(values["lr"][2][0].number, 0.1);
  EXPECT_EQ(values["quick"][4][0].integer, 1u);
  EXPECT_EQ(values["class-order"][3][0].bytes, "[1,0]");
  EXPECT_EQ(values["seed"][2][0].number, 42);
  EXPECT_EQ(values["agent"][3][0].bytes, "icarl");  // the record's
  EXPECT_EQ(session[1].size(), values.size());
  REPRISE_ASSERT_OK(sink->OnRunEnd(ScriptedRunEnd()));
  EXPECT_EQ(ValueOf("_hparams_/session_end_info").plugin, "hparams");
}

TEST_F(TensorboardTest, TextThatIsNotUtf8IsMadeSo) {
  RunStart run = ScriptedRunStart();
  run.experiment = "caf\xe9";
  auto sink = Open();
  REPRISE_ASSERT_OK(sink->OnRunStart(run));
  TestRecord test;
  test.head = "caf\xe9";
  test.top1 = 0.5;
  REPRISE_ASSERT_OK(sink->OnTest(test));
  EXPECT_THAT(ValueOf("run").text, HasSubstr("caf\xef\xbf\xbd"));
  EXPECT_EQ(ValueOf("test/caf\xef\xbf\xbd/top1/task_00").scalar, 0.5);
}

TEST_F(TensorboardTest, AFolderThatIsNotThereIsKnownAtOnce) {
  EXPECT_THAT(MakeTensorboardSink({path_ + "/none/events", {}}),
              ExitsWith(ExitCode::kStorage));
}

}  // namespace
}  // namespace reprise
