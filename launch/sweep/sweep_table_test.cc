#include "launch/sweep/sweep_table.h"

#include <cmath>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/time/time.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace reprise {
namespace {

using testing::HasSubstr;
using State = PointProgress::State;

// Two configurations of three seeds; the first has accuracies 0.5, 0.6, 0.7.
SweepProgress TwoRows() {
  SweepProgress progress;
  for (const char* agent : {"nil", "er"}) {
    for (int seed = 0; seed < 3; ++seed) {
      SweepPoint point;
      point.configuration = absl::StrCat("agent=", agent);
      point.name = absl::StrCat(point.configuration, ",seed=", seed);
      point.varied = {{"agent", agent}};
      progress.points.push_back(point);
      progress.of_point.emplace_back();
    }
  }
  for (int seed = 0; seed < 3; ++seed) {
    PointProgress& point = progress.of_point[seed];
    point.state = State::kDone;
    point.measures.average_incremental_accuracy = 0.5 + 0.1 * seed;
    point.measures.final_accuracy = 0.25;
    point.measures.seconds = 120;
  }
  progress.of_point[3].state = State::kFailed;
  return progress;
}

TEST(SweepTable, FoldsSeedsIntoMeanAndDeviation) {
  const std::vector<SweepRow> rows = RowsOf(TwoRows());
  ASSERT_EQ(rows.size(), 2u);
  EXPECT_EQ(rows[0].configuration, "agent=nil");
  EXPECT_EQ(rows[0].done, 3);
  EXPECT_EQ(rows[0].average_incremental_accuracy.n, 3);
  EXPECT_NEAR(rows[0].average_incremental_accuracy.mean, 0.6, 1e-12);
  EXPECT_NEAR(*rows[0].average_incremental_accuracy.standard_deviation, 0.1,
              1e-12);
  EXPECT_EQ(rows[0].forgetting.n, 0);
  EXPECT_EQ(rows[1].failed, 1);
  EXPECT_EQ(rows[1].done, 0);
}

TEST(SweepTable, ShowsPeopleWhatThereIsAndAHyphenForWhatThereIsNot) {
  const std::string text = TableText(RowsOf(TwoRows()), 0);
  EXPECT_THAT(text, HasSubstr("0.6000 ± 0.1000"));
  EXPECT_THAT(text, HasSubstr("3 done"));
  EXPECT_THAT(text, HasSubstr("0 of 3 done, 1 failed"));
  const std::vector<std::string> lines = absl::StrSplit(text, '\n');
  EXPECT_THAT(lines[2], testing::MatchesRegex("agent=er +- +- +- +- +0 of.*"));
}

TEST(SweepTable, ShortensTheConfigurationToFitATerminal) {
  SweepProgress progress = TwoRows();
  for (SweepPoint& point : progress.points) {
    point.configuration += std::string(200, 'x');
  }
  const std::vector<std::string> lines =
      absl::StrSplit(TableText(RowsOf(progress), 110), '\n');
  for (const std::string& line : lines) EXPECT_LE(line.size(), 112u) << line;
}

TEST(SweepTable, SaysThatDataWasGenerated) {
  SweepProgress progress = TwoRows();
  EXPECT_THAT(TableText(RowsOf(progress), 0),
              testing::Not(HasSubstr("GENERATED")));
  progress.of_point[1].measures.generated_data = true;
  EXPECT_THAT(TableText(RowsOf(progress), 0), HasSubstr("GENERATED DATA"));
  EXPECT_THAT(TableCsv(RowsOf(progress)), HasSubstr("nil,3,3,0,true,"));
}

TEST(SweepTable, CsvHasAColumnForEachVariedSettingAndQuotesWhatNeedsIt) {
  SweepProgress progress = TwoRows();
  for (size_t i = 3; i < 6; ++i) {
    progress.points[i].varied = {{"regime", "[{'a': \"b\"}, 1]"}};
  }
  const std::vector<std::string> lines =
      absl::StrSplit(TableCsv(RowsOf(progress)), '\n');
  ASSERT_EQ(lines.size(), 4u);
  EXPECT_EQ(lines[0],
            "agent,regime,points,done,failed,generated_data,"
            "average_incremental_accuracy_mean,"
            "average_incremental_accuracy_standard_deviation,"
            "average_incremental_accuracy_half_width_95,final_accuracy_mean,"
            "final_accuracy_standard_deviation,final_accuracy_half_width_95,"
            "forgetting_mean,forgetting_standard_deviation,"
            "forgetting_half_width_95,images_per_second_mean,"
            "images_per_second_standard_deviation,"
            "images_per_second_half_width_95");
  EXPECT_THAT(lines[1], testing::StartsWith("nil,,3,3,0,false,0.6"));
  EXPECT_EQ(lines[2], ",\"[{'a': \"\"b\"\"}, 1]\",3,0,1,false,,,,,,,,,,,,");
}

TEST(ProgressLine, SaysHowMuchIsDoneAndAboutHowLongTheRestTakes) {
  SweepProgress progress = TwoRows();
  const absl::Time now = absl::FromUnixSeconds(1'000'000);
  EXPECT_EQ(ProgressLine(progress, now),
            "3 of 6 done, 1 failed, about 4 min left");
  progress.parallel = 2;
  progress.of_point[4].state = State::kRunning;
  progress.of_point[4].started = now - absl::Seconds(60);
  // 60 s and 120 s, beside each other.
  EXPECT_EQ(ProgressLine(progress, now),
            "3 of 6 done, 1 failed, about 2 min left");
  for (PointProgress& point : progress.of_point) point.state = State::kDone;
  EXPECT_EQ(ProgressLine(progress, now), "6 of 6 done");
  for (PointProgress& point : progress.of_point) point.state = State::kWaiting;
  EXPECT_EQ(ProgressLine(progress, now), "0 of 6 done");
}

TEST(AboutText, ChangesItsUnit) {
  EXPECT_EQ(AboutText(absl::ZeroDuration()), "about 1 s");
  EXPECT_EQ(AboutText(absl::Seconds(40)), "about 40 s");
  EXPECT_EQ(AboutText(absl::Minutes(12)), "about 12 min");
  EXPECT_EQ(AboutText(absl::Minutes(210)), "about 3.5 h");
}

}  // namespace
}  // namespace reprise
