#include "launch/sweep/points/sweep_points.h"

#include <sys/stat.h>

#include <cstdlib>
#include <set>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "core/base/file.h"
#include "core/base/status.h"
#include "core/base/status_matchers.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "launch/settings/experiments.h"
#include "launch/sweep/points/sweep_record.h"

namespace reprise {
namespace {

using testing::AllOf;
using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::Pair;

MATCHER_P(Says, matcher, "") {
  return testing::ExplainMatchResult(matcher, std::string(arg.message()),
                                     result_listener);
}

class SweepPoints : public testing::Test {
 protected:
  void SetUp() override {
    folder_ = absl::StrCat(
        testing::TempDir(), "/",
        testing::UnitTest::GetInstance()->current_test_info()->name());
    ASSERT_EQ(mkdir(folder_.c_str(), 0755), 0);
    setenv("BUILD_WORKING_DIRECTORY", folder_.c_str(), 1);
  }

  static absl::StatusOr<ResolvedSweep> Resolve(const std::string& yaml) {
    REPRISE_ASSIGN_OR_RETURN(const SweepFile file,
                             ParseSweepFile("s.yaml", yaml));
    return ResolveSweep(file, {}, "s", *FindExperiment("reprise"));
  }

  static std::vector<std::string> Names(const std::string& yaml) {
    const auto sweep = Resolve(yaml);
    EXPECT_THAT(sweep, IsOk()) << yaml;
    std::vector<std::string> names;
    if (!sweep.ok()) return names;
    for (const SweepPoint& point : sweep->points) names.push_back(point.name);
    return names;
  }

  std::string folder_;
};

TEST_F(SweepPoints, AreNamedByWhatTheyVaryInTheOrderOfHelp) {
  EXPECT_THAT(Names("settings: {epochs: 1}\n"
                    "grid: {lr: [1e-1], agent: [nil, er]}\nseeds: [2]\n"),
              ElementsAre("agent=nil,lr=0.1,seed=2", "agent=er,lr=0.1,seed=2"));
  EXPECT_THAT(Names("grid: {agent: [er, nil], lr: [0.10]}\nseeds: [2]\n"),
              ElementsAre("agent=er,lr=0.1,seed=2", "agent=nil,lr=0.1,seed=2"));
  EXPECT_THAT(Names("seeds: [1, 2]\n"), ElementsAre("seed=1", "seed=2"));
}

TEST_F(SweepPoints, AreNamedByKeysOfDictsHoweverTheyAreWritten) {
  const std::string expected =
      "agent=nil,agent-config.num_candidates=3,seed=42";
  EXPECT_THAT(Names("settings: {agent: nil}\n"
                    "grid: {agent_config.num_candidates: [3]}\n"),
              ElementsAre("agent-config.num_candidates=3,seed=42"));
  for (const char* config :
       {"agent-config.num_candidates: 3", "agent_config: {num_candidates: 3}",
        "agent-config: \"{'num_candidates': 3}\""}) {
    EXPECT_THAT(Names(absl::StrCat("list:\n- agent: nil\n  ", config, "\n")),
                ElementsAre(expected));
  }
}

TEST_F(SweepPoints, KeysOfOneDictFromTwoSectionsAreMerged) {
  REPRISE_ASSERT_OK_AND_ASSIGN(
      const ResolvedSweep sweep,
      Resolve("settings: {agent: nil, agent-config: {num_samples: 2}}\n"
              "grid: {agent-config.num_candidates: [3]}\n"));
  const auto& settings = sweep.points[0].settings;
  EXPECT_EQ(settings.at("agent-config.num_samples").value_json, "2");
  EXPECT_EQ(settings.at("agent-config.num_candidates").value_json, "3");
}

TEST_F(SweepPoints, SayWhichSettingsHaveTheirDefaultWhoeverHasGivenIt) {
  REPRISE_ASSERT_OK_AND_ASSIGN(
      const ResolvedSweep sweep,
      Resolve("settings: {momentum: 0.9, lr: 0.01}\nseeds: [1]\n"));
  const auto& settings = sweep.points[0].settings;
  EXPECT_TRUE(settings.at("epochs").is_default);
  EXPECT_TRUE(settings.at("lr").is_default);
  EXPECT_FALSE(settings.at("momentum").is_default);
  EXPECT_FALSE(settings.at("seed").is_default);
}

TEST_F(SweepPoints, KeepTheirNamesWhenSeedsAndPointsAreAdded) {
  const std::vector<std::string> before = Names("grid: {lr: [0.1, 0.2]}\n");
  EXPECT_THAT(before, ElementsAre("lr=0.1,seed=42", "lr=0.2,seed=42"));
  const std::vector<std::string> now =
      Names("grid: {lr: [0.2, 0.1, 0.3]}\nseeds: [42, 43]\n");
  EXPECT_EQ(now.size(), 6u);
  for (const std::string& name : before) EXPECT_THAT(now, Contains(name));
}

TEST_F(SweepPoints, NamesAreFoldersWhateverTheValuesAre) {
  EXPECT_EQ(FolderText("nil"), "nil");
  EXPECT_EQ(FolderText("1e-05"), "1e-05");
  EXPECT_THAT(FolderText("/a b/.."),
              testing::MatchesRegex("-a-b-..-[0-9a-f]{8}"));
  EXPECT_NE(FolderText("a b"), FolderText("a/b"));
  EXPECT_LE(FolderText(std::string(1000, 'x')).size(), 60u);
  EXPECT_NE(FolderText(std::string(1000, 'x')),
            FolderText(std::string(1001, 'x')));
}

TEST_F(SweepPoints, ARowIsAllThatDiffersInTheSeedOnly) {
  REPRISE_ASSERT_OK_AND_ASSIGN(
      const ResolvedSweep sweep,
      Resolve("grid: {lr: [0.1, 0.2], seed: [1, 2]}\n"));
  std::set<std::string> rows;
  for (const SweepPoint& point : sweep.points) rows.insert(point.configuration);
  EXPECT_THAT(rows, ElementsAre("lr=0.1", "lr=0.2"));
  EXPECT_EQ(sweep.points[1].seed, 2u);
}

TEST_F(SweepPoints, RunIntoTheFolderOfTheSweep) {
  REPRISE_ASSERT_OK_AND_ASSIGN(const ResolvedSweep sweep,
                               Resolve("seeds: [7]\n"));
  EXPECT_EQ(sweep.folder, folder_ + "/results/s");
  EXPECT_THAT(sweep.points[0].arguments,
              AllOf(Contains("--seed=7"), Contains("--save-dir=seed=7"),
                    Contains(absl::StrCat("--results-dir=", folder_,
                                          "/results/s/points"))));
  // A folder that was moved has the same points.
  EXPECT_EQ(sweep.points[0].settings.count("results-dir"), 0u);
  EXPECT_EQ(sweep.points[0].settings.count("save-dir"), 0u);
}

// What it says is in the arguments, and its name is not.
TEST_F(SweepPoints, TakeTheConfigurationFileInAndDoNotReadItAgain) {
  REPRISE_ASSERT_OK(
      ReplaceFile(folder_ + "/config.yaml",
                  {"base: {momentum: 0.9, results-dir: here}\n"}));
  REPRISE_ASSERT_OK_AND_ASSIGN(const ResolvedSweep sweep,
                               Resolve("seeds: [7]\n"));
  EXPECT_THAT(sweep.points[0].arguments,
              AllOf(Contains("--resolved"), Contains("--momentum=0.9"),
                    Not(Contains(HasSubstr("yaml-config")))));
  EXPECT_EQ(sweep.folder, folder_ + "/here/s");
  EXPECT_THAT(sweep.notes, Contains(HasSubstr("configuration read from")));
}

TEST_F(SweepPoints, TellAllThatIsWrongWithAnyOfThemOnceWithItsLine) {
  const auto sweep = Resolve(
      "settings:\n  epohcs: 3\n  dataset: mnist\ngrid:\n  lr: [fast, 0.1]\n"
      "  agent: [nil, nli]\n  dataset: [mnist]\nseeds: [1, 2, x]\n");
  EXPECT_THAT(sweep, ExitsWith(ExitCode::kUsage));
  EXPECT_THAT(
      sweep.status(),
      Says(AllOf(HasSubstr("5 problems in s.yaml:\n"),
                 HasSubstr("s.yaml:2: epohcs: unknown flag; did "
                           "you mean epochs?"),
                 HasSubstr("s.yaml:5: lr: "), HasSubstr("s.yaml:6: agent: "),
                 HasSubstr("s.yaml:7: dataset: given twice, first "
                           "as s.yaml:3: dataset"),
                 HasSubstr("s.yaml:8: seed: "))));
}

TEST_F(SweepPoints, TellContradictionsAtThePointThatHasThem) {
  EXPECT_THAT(
      Resolve("list:\n- {model: mnistnet}\n- {model: resnet, dataset: mnist}\n")
          .status(),
      FailsWith("s.yaml:3: --model=resnet reads"));
}

TEST_F(SweepPoints, RefuseWhatIsTheSweepsToSay) {
  for (const char* settings :
       {"save-dir: x", "results-dir: x", "timeline: t.json",
        "yaml-config: c.yaml", "print-config: true", "resolved: true"}) {
    EXPECT_THAT(
        Resolve(absl::StrCat("settings: {", settings, "}\nseeds: [1, 2]\n")),
        ExitsWith(ExitCode::kUsage))
        << settings;
  }
}

TEST_F(SweepPoints, RefuseThatTwoAreTheSame) {
  EXPECT_THAT(Resolve("list:\n- {lr: 0.1}\n- {lr: 1e-1}\n").status(),
              FailsWith("s.yaml:3: point lr=0.1,seed=42, the same as of "
                        "s.yaml:2"));
}

class Continuing : public SweepPoints {
 protected:
  static SweepRecord RecordOf(const ResolvedSweep& sweep) {
    SweepRecord record;
    ContinueRecord(SweepRecord(), sweep.points, &record);
    return record;
  }
};

TEST_F(Continuing, TheSameFileChangesNothing) {
  REPRISE_ASSERT_OK_AND_ASSIGN(const ResolvedSweep sweep,
                               Resolve("seeds: [1, 2]\n"));
  SweepRecord now;
  const SweepChanges changes =
      ContinueRecord(RecordOf(sweep), sweep.points, &now);
  EXPECT_THAT(changes.added, IsEmpty());
  EXPECT_THAT(changes.vanished, IsEmpty());
}

TEST_F(Continuing, NamesWhatIsNewAndWhatHasVanished) {
  REPRISE_ASSERT_OK_AND_ASSIGN(const ResolvedSweep first,
                               Resolve("seeds: [1, 2]\n"));
  REPRISE_ASSERT_OK_AND_ASSIGN(const ResolvedSweep second,
                               Resolve("seeds: [2, 3]\n"));
  SweepRecord record;
  const SweepChanges changes =
      ContinueRecord(RecordOf(first), second.points, &record);
  EXPECT_THAT(changes.added, ElementsAre("seed=3"));
  EXPECT_THAT(changes.vanished, ElementsAre("seed=1"));
}

// Whatever starts have come since, and whether FILE had them all along.
TEST_F(Continuing, KnowsWhichBuildHasRunAPoint) {
  REPRISE_ASSERT_OK_AND_ASSIGN(const ResolvedSweep first,
                               Resolve("seeds: [1, 2]\n"));
  SweepRecord record = RecordOf(first);
  record.points[0].program_digest = "a";
  record.points[1].program_digest = "b";
  EXPECT_THAT(CountBuilds(record), ElementsAre(Pair("a", 1), Pair("b", 1)));
  REPRISE_ASSERT_OK_AND_ASSIGN(const ResolvedSweep second,
                               Resolve("seeds: [2, 3]\n"));
  SweepRecord without_first;
  ContinueRecord(record, second.points, &without_first);
  EXPECT_THAT(CountBuilds(without_first),
              ElementsAre(Pair("", 1), Pair("b", 1)));
  SweepRecord again;
  ContinueRecord(without_first, first.points, &again);
  EXPECT_THAT(CountBuilds(again), ElementsAre(Pair("a", 1), Pair("b", 1)));
}

TEST_F(Continuing, ARecordIsReadAsItWasWritten) {
  REPRISE_ASSERT_OK_AND_ASSIGN(const ResolvedSweep sweep,
                               Resolve("seeds: [1, 2]\n"));
  SweepRecord record = RecordOf(sweep);
  record.vanished = {record.points.back()};
  record.points.pop_back();
  record.version = "1", record.program_digest = "d", record.file = "é\".yaml";
  record.points.front().program_digest = "e";
  REPRISE_ASSERT_OK(WriteSweepRecord(folder_, record));
  REPRISE_ASSERT_OK_AND_ASSIGN(const auto read, ReadSweepRecord(folder_));
  ASSERT_TRUE(read.has_value());
  EXPECT_EQ(read->file, record.file);
  EXPECT_EQ(read->program_digest, "d");
  EXPECT_EQ(read->points.front().program_digest, "e");
  EXPECT_EQ(read->points.front().arguments, record.points.front().arguments);
  EXPECT_EQ(read->vanished.front().name, "seed=2");
  for (const char* other : {"", "[]", "{\"points\": 3}", "{\"schema\": 1}"}) {
    REPRISE_ASSERT_OK(ReplaceFile(folder_ + "/sweep.json", {other}));
    EXPECT_THAT(ReadSweepRecord(folder_), ExitsWith(ExitCode::kData)) << other;
  }
}

}  // namespace
}  // namespace reprise
