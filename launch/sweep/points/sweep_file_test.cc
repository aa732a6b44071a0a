#include "launch/sweep/points/sweep_file.h"

#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "core/base/status.h"
#include "core/base/status_matchers.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace reprise {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;

MATCHER_P(Says, matcher, "") {
  return testing::ExplainMatchResult(matcher, std::string(arg.message()),
                                     result_listener);
}

absl::StatusOr<SweepFile> Parse(absl::string_view yaml) {
  return ParseSweepFile("s.yaml", yaml);
}

// "agent=nil seed=1" of each point.
std::vector<std::string> Points(absl::string_view yaml) {
  const auto file = Parse(yaml);
  EXPECT_THAT(file, IsOk());
  std::vector<std::string> points;
  for (const PointLines& point : ExpandPoints(*file)) {
    points.push_back(absl::StrJoin(
        point.varied, " ", [](std::string* out, const YamlNode& line) {
          absl::StrAppend(out, line.key, "=", line.text);
        }));
  }
  return points;
}

TEST(SweepFile, AGridIsEveryCombinationWithSeedsFastest) {
  EXPECT_THAT(
      Points("grid:\n  agent: [nil, er]\n  lr: [1e-1, 0.5]\n"
             "seeds: [1, 2]\n"),
      ElementsAre("agent=nil lr=1e-1 seed=1", "agent=nil lr=1e-1 seed=2",
                  "agent=nil lr=0.5 seed=1", "agent=nil lr=0.5 seed=2",
                  "agent=er lr=1e-1 seed=1", "agent=er lr=1e-1 seed=2",
                  "agent=er lr=0.5 seed=1", "agent=er lr=0.5 seed=2"));
}

TEST(SweepFile, AListIsItsPointsAndEachIsCombinedWithAGrid) {
  EXPECT_THAT(Points("list:\n- {lr: 1, momentum: 0}\n- {lr: 2}\n"),
              ElementsAre("lr=1 momentum=0", "lr=2"));
  EXPECT_THAT(Points("list: [{lr: 1}, {lr: 2}]\ngrid: {agent: [nil, er]}\n"),
              ElementsAre("lr=1 agent=nil", "lr=1 agent=er", "lr=2 agent=nil",
                          "lr=2 agent=er"));
}

TEST(SweepFile, SeedsAloneRepeatOneConfigurationAndKeepAllTheirDigits) {
  EXPECT_THAT(Points("settings: {lr: 1}\nseeds: [18446744073709551615, 0]\n"),
              ElementsAre("seed=18446744073709551615", "seed=0"));
}

TEST(SweepFile, PointsKnowTheLinesOfTheirValues) {
  REPRISE_ASSERT_OK_AND_ASSIGN(
      const SweepFile file,
      Parse("settings:\n  epochs: 1\ngrid:\n  lr:\n  - 1\n  - 2\n"));
  const std::vector<PointLines> points = ExpandPoints(file);
  ASSERT_EQ(points.size(), 2u);
  EXPECT_EQ(points[1].fixed[0].line, 2);
  EXPECT_EQ(points[1].varied[0].line, 6);
  EXPECT_EQ(points[1].line, 6);
}

TEST(SweepFile, TellsAllThatIsWrongWithItsFormAtOnce) {
  const auto file = Parse(
      "setings: {lr: 1}\ngrid:\n  lr: 1\n  agent: []\nlist:\n- nil\n"
      "seeds: 3\n");
  EXPECT_THAT(file, ExitsWith(ExitCode::kUsage));
  EXPECT_THAT(
      file.status(),
      Says(AllOf(
          HasSubstr("5 problems in s.yaml"), HasSubstr("s.yaml:1: 'setings'"),
          HasSubstr("did you mean settings?"), HasSubstr("s.yaml:3: grid: lr"),
          HasSubstr("s.yaml:4: grid: agent"), HasSubstr("s.yaml:6: list:"),
          HasSubstr("s.yaml:7: seeds:"))));
}

TEST(SweepFile, RefusesAFileThatVariesNothing) {
  for (const char* yaml : {"", "settings: {lr: 1}\n", "- 1\n", "7\n"}) {
    EXPECT_THAT(Parse(yaml).status(), FailsWith("there is nothing to vary"))
        << yaml;
  }
  for (const char* yaml : {"grid: {}\n", "grid:\n", "list: []\n", "seeds: []\n",
                           "seeds: [[1]]\n", "grid: [1]\n"}) {
    EXPECT_THAT(Parse(yaml), ExitsWith(ExitCode::kUsage)) << yaml;
  }
}

TEST(SweepFile, RefusesAMillionPointsWithoutMakingThem) {
  std::string grid = "grid:\n";
  for (const char* name : {"a", "b", "c", "d", "e", "f"}) {
    absl::StrAppend(&grid, "  ", name, ": [0, 1, 2, 3, 4, 5, 6, 7, 8, 9]\n");
  }
  EXPECT_THAT(Parse(grid).status(),
              Says(AllOf(HasSubstr("s.yaml:2: "),
                         HasSubstr("at most 10000 points, found 1000000"))));
  for (int i = 0; i < 60; ++i) {
    absl::StrAppend(&grid, "  k", i, ": [0, 1, 2, 3, 4, 5, 6, 7, 8, 9]\n");
  }
  EXPECT_THAT(Parse(grid).status(), FailsWith("more than 2^31"));
}

TEST(SweepFile, RefusesHostileYaml) {
  EXPECT_THAT(Parse("grid: {lr: [1], lr: [2]}\n").status(),
              FailsWith("s.yaml: line 1: key 'lr' is given twice"));
  EXPECT_THAT(Parse("seeds: [1]\nseeds: [2]\n").status(),
              FailsWith("key 'seeds' is given twice"));
  EXPECT_THAT(Parse(std::string(10 << 20, ' ')).status(),
              FailsWith("expected at most 1048576 bytes, found 10485760"));
  std::string deep = "grid: ";
  for (int i = 0; i < 40; ++i) deep += "{a: ";
  EXPECT_THAT(Parse(deep + "1" + std::string(40, '}')).status(),
              FailsWith("levels of nesting"));
  EXPECT_THAT(Parse("grid: " + std::string(100'000, '[')).status(),
              FailsWith("s.yaml: line 1: "));
  EXPECT_THAT(Parse("a: &x [1]\ngrid: {lr: *x}\n").status(),
              FailsWith("aliases"));
  EXPECT_THAT(Parse("grid: {lr: [1, 2}\n").status(), FailsWith("not YAML"));
  EXPECT_THAT(Parse("seeds: [\xff]\n").status(), FailsWith("expected UTF-8"));
}

}  // namespace
}  // namespace reprise
