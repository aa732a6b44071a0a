#include "launch/report/comparison/comparison.h"

#include <cmath>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "core/base/file.h"
#include "core/base/status_matchers.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "launch/report/run_folder.h"
#include "launch/report/run_model.h"
#include "launch/report/testing/scripted_folder.h"

namespace reprise {
namespace {

using Json = nlohmann::ordered_json;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

// What a run of the tests differs in.
struct ComparedRun {
  std::string agent = "icarl";
  int seed = 1;
  double accuracy = .9;  // S(1): moves the average incremental accuracy by 1/3
  int ranks = 1;
  int64_t images = 3000;  // in 30 s
  std::string scratch = "false";
  std::string lr = "0.5";
  std::string digest = "00112233aabbccdd";  // of one of two files
};

Json ModelOf(const ComparedRun& run) {
  RunFolder folder = ScriptedFolder();
  folder.path = absl::StrCat("results/", run.agent, "-", run.seed);
  folder.start->agent = run.agent;
  folder.start->seed = static_cast<uint64_t>(run.seed);
  folder.start->world_size = run.ranks;
  folder.end->incoming_samples = run.images;
  folder.heads = HeadMatrices(3);
  for (TestRecord& test : folder.tests) {
    if (test.task == 0 && test.epoch == 1 && test.primary) {
      test.top1 = run.accuracy;
    }
    folder.heads.Add(test);
  }
  folder.run.info.data_digests = {{"images", "ffff0000ffff0000"},
                                  {"labels", run.digest}};
  // As a sweep's points have them, all of which are given.
  folder.run.info.settings = {
      {"agent", absl::StrCat("\"", run.agent, "\""), "command line"},
      {"scratch", run.scratch, "command line"},
      {"tasksets-config.concatenate_tasksets", run.scratch, "command line"},
      {"agent-config.reset_state_dict", run.scratch, "command line"},
      {"lr", run.lr, "command line"},
      {"ranks", absl::StrCat(run.ranks), "command line"},
      {"seed", absl::StrCat(run.seed), "command line"},
      {"save-dir", absl::StrCat("\"", run.agent, run.seed, "\""), "default"}};
  return RunModel(folder);
}

Json Compare(const std::vector<ComparedRun>& runs,
             const std::optional<CostModel>& cost_model = std::nullopt) {
  std::vector<Json> models;
  for (const ComparedRun& run : runs) models.push_back(ModelOf(run));
  return ComparisonModel(models, cost_model);
}

std::vector<std::string> Labels(const Json& comparison) {
  std::vector<std::string> labels;
  for (const Json& group : comparison["groups"]) {
    labels.push_back(group["label"].get<std::string>());
  }
  return labels;
}

TEST(ComparisonTest, RunsThatDifferInTheirSeedAloneAreOneGroup) {
  const Json comparison =
      Compare({{"nil", 1, .90}, {"nil", 2, .96}, {"nil", 3, .93}});
  ASSERT_THAT(Labels(comparison), ElementsAre("nil"));
  const Json& measure =
      comparison["groups"][0]["summaries"]["average_incremental_accuracy"];
  EXPECT_EQ(measure["n"], 3);
  // Values m, m + .02, m + .01.
  const double first = (.9 + 6.68 / 7 + .884) / 3;
  EXPECT_NEAR(measure["mean"], first + .01, 1e-12);
  EXPECT_NEAR(measure["standard_deviation"], .01, 1e-12);
  EXPECT_NEAR(measure["half_width"], 4.302652729749462 * .01 / std::sqrt(3.0),
              1e-9);
  const Json& after_first = comparison["groups"][0]["by_task"][0];
  EXPECT_NEAR(after_first["mean"], .93, 1e-12);
  EXPECT_TRUE(comparison["warnings"].empty());
  ASSERT_EQ(comparison["settings"].size(), 1u);
  EXPECT_EQ(comparison["settings"][0]["name"], "seed");
  EXPECT_EQ(comparison["settings"][0]["values"], Json({"1", "2", "3"}));
}

TEST(ComparisonTest, AgentsAreSortedByAverageIncrementalAccuracy) {
  EXPECT_THAT(Labels(Compare({{"er", 1, .5}, {"nil", 1, .9}, {"base", 1, .1}})),
              ElementsAre("nil", "er", "base"));
}

TEST(ComparisonTest, OneRunHasNoInterval) {
  const Json comparison = Compare({{"nil", 1}, {"er", 1}});
  const Json& summary =
      comparison["groups"][0]["summaries"]["sample_mean_accuracy"];
  EXPECT_EQ(summary["n"], 1);
  EXPECT_EQ(summary["standard_deviation"], nullptr);
  EXPECT_EQ(summary["half_width"], nullptr);
}

TEST(ComparisonTest, MoreRanksAreHeldAgainstTheFewestAndTheCostModel) {
  CostModel model;
  model.source = "made up";
  model.efficiency = {{1, 1}, {2, .9}, {4, .8}};
  const Json comparison =
      Compare({{"nil", 1, .9, 4, 9000}, {"nil", 1, .9, 2, 6000}}, model);
  ASSERT_EQ(comparison["scaling"].size(), 1u);
  const Json& points = comparison["scaling"][0]["points"];
  ASSERT_EQ(points.size(), 2u);
  EXPECT_EQ(points[0]["world_size"], 2);
  EXPECT_EQ(points[0]["images_per_second"]["mean"], 200.0);
  EXPECT_EQ(points[0]["speed_up"], 1.0);
  EXPECT_EQ(points[0]["efficiency"], 1.0);
  EXPECT_EQ(points[0]["predicted_efficiency"], 1.0);
  EXPECT_EQ(points[1]["world_size"], 4);
  EXPECT_EQ(points[1]["speed_up"], 1.5);
  EXPECT_EQ(points[1]["efficiency"], .75);
  EXPECT_NEAR(points[1]["predicted_efficiency"], .8 / .9, 1e-12);
  EXPECT_THAT(Labels(comparison), ElementsAre("nil, 4 ranks", "nil, 2 ranks"));
}

TEST(ComparisonTest, ScratchIsPairedWithWhatDiffersInNothingElse) {
  ComparedRun scratch{"nil", 1, .6};
  scratch.scratch = "true";
  const Json comparison = Compare({{"nil", 1, .9}, scratch, {"er", 1, .9}});
  ASSERT_EQ(comparison["scratch"].size(), 1u);
  const Json& pair = comparison["scratch"][0];
  const auto label = [&](const char* side) {
    return comparison["groups"][pair[side].get<size_t>()]["label"];
  };
  EXPECT_EQ(label("continual"), "nil, no scratch");
  EXPECT_EQ(label("scratch"), "nil, scratch");
  EXPECT_EQ(pair["differences"][0]["name"], "average_incremental_accuracy");
  EXPECT_EQ(pair["differences"][0]["unit"], "ratio");
  EXPECT_NEAR(pair["differences"][0]["mean"], .1, 1e-12);
  EXPECT_EQ(pair["differences"][0]["half_width"], nullptr);
}

TEST(ComparisonTest, EachSeriesOfRanksHasALabelOfItsOwn) {
  std::vector<ComparedRun> runs;
  for (const int ranks : {1, 2}) {
    for (const char* lr : {"0.5", "0.25"}) {
      runs.push_back({"nil", 1, .9, ranks});
      runs.back().lr = lr;
    }
  }
  const Json comparison = Compare(runs);
  ASSERT_EQ(comparison["scaling"].size(), 2u);
  EXPECT_EQ(comparison["scaling"][0]["label"], "nil, lr 0.5");
  EXPECT_EQ(comparison["scaling"][1]["label"], "nil, lr 0.25");
}

TEST(ComparisonTest, GroupsOfOtherDataAreToldApartByTheDigestThatDiffers) {
  ComparedRun other{"nil", 1, .8};
  other.digest = "44556677aabbccdd";
  EXPECT_THAT(Labels(Compare({{"nil", 1, .9}, other})),
              ElementsAre("nil, data 00112233", "nil, data 44556677"));
  Json generated = ModelOf(other);
  generated["generated_data"] = true;
  EXPECT_THAT(
      Labels(ComparisonModel({ModelOf({"nil"}), generated}, std::nullopt)),
      ElementsAre("nil, real data", "nil, generated data"));
}

TEST(ComparisonTest, ASeedThatOnlyCutRunsRepeatIsNotWarnedOf) {
  Json cut = ModelOf({"nil", 1});
  cut["state"] = "unfinished";
  const std::string warnings =
      ComparisonModel({ModelOf({"nil", 1}), cut}, std::nullopt)["warnings"]
          .dump();
  EXPECT_THAT(warnings, HasSubstr("unfinished: "));
  EXPECT_THAT(warnings, Not(HasSubstr("seed")));
}

TEST(ComparisonTest, AnUnfinishedRunIsInNoStatisticAndSaidSo) {
  RunFolder cut = ScriptedFolder(/*tasks=*/2);
  cut.path = "results/cut";
  const Json comparison = ComparisonModel(
      {RunModel(ScriptedFolder()), RunModel(cut)}, std::nullopt);
  ASSERT_EQ(comparison["groups"].size(), 1u);
  EXPECT_EQ(
      comparison["groups"][0]["summaries"]["average_incremental_accuracy"]["n"],
      1);
  EXPECT_EQ(comparison["groups"][0]["summaries"]["training_seconds"]["n"], 1);
  EXPECT_THAT(comparison["warnings"].dump(), HasSubstr("unfinished: cut"));
}

TEST(ComparisonTest, ARepeatedSeedIsWarnedOf) {
  EXPECT_THAT(Compare({{"nil", 1}, {"nil", 1}})["warnings"].dump(),
              HasSubstr("2 runs have 1 seed;"));
}

TEST(ComparisonTest, OtherDataAndGeneratedDataAreWarnedOf) {
  Json other = ModelOf({});
  other["dataset"] = "cifar10";
  other["generated_data"] = true;
  const std::string warnings =
      ComparisonModel({ModelOf({}), other}, std::nullopt)["warnings"].dump();
  EXPECT_THAT(warnings, HasSubstr("1 of 2 runs are on generated data"));
  EXPECT_THAT(warnings, HasSubstr("different data sets"));
}

TEST(CostModelTest, AFileIsReadAndAWrongOneRefusedByName) {
  const std::string path = ::testing::TempDir() + "model.json";
  REPRISE_ASSERT_OK(ReplaceFile(
      path, {R"({"source": "x", "efficiency": {"1": 1, "16": 0.5}})"}));
  const absl::StatusOr<CostModel> model = ReadCostModel(path);
  REPRISE_ASSERT_OK(model.status());
  EXPECT_EQ(model->source, "x");
  EXPECT_EQ(model->efficiency.at(16), 0.5);
  for (const char* wrong : {"", "[]", R"({"source": "x"})",
                            R"({"source": "x", "efficiency": {"two": 1}})",
                            R"({"source": "x", "efficiency": {"0": 1}})",
                            R"({"source": "x", "efficiency": {"2": "1"}})"}) {
    REPRISE_ASSERT_OK(ReplaceFile(path, {wrong}));
    EXPECT_THAT(std::string(ReadCostModel(path).status().message()),
                HasSubstr("model.json: expected"))
        << wrong;
  }
}

}  // namespace
}  // namespace reprise
