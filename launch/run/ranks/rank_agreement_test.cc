#include "launch/run/ranks/rank_agreement.h"

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "core/base/status.h"
#include "core/base/status_matchers.h"
#include "core/comm/communicator.h"
#include "core/comm/in_process/ranks_as_threads.h"
#include "data/dataset.h"
#include "gtest/gtest.h"

namespace reprise {
namespace {

TEST(AgreeOnLines, IsOkWhereAllRanksHaveTheSame) {
  for (const int ranks : {1, 3}) {
    RunRanksAsThreads(ranks, [](Communicator& communicator) {
      EXPECT_TRUE(AgreeOnLines(communicator, {}, "nothing").ok());
      EXPECT_TRUE(AgreeOnLines(communicator, {"a = 1", "b = 2"}, "x").ok());
    });
  }
}

TEST(AgreeOnLines, NamesTheFirstRankAndLineThatDifferOnEveryRank) {
  RunRanksAsThreads(3, [](Communicator& communicator) {
    const std::string b = communicator.rank() == 0 ? "b = 2" : "b = 3";
    const absl::Status status =
        AgreeOnLines(communicator, {"a = 1", b}, "their settings");
    EXPECT_TRUE(IsAgreed(status));
    EXPECT_THAT(status, ExitsWith(ExitCode::kUsage));
    EXPECT_THAT(status,
                FailsWith("ranks 0 and 1 differ in their settings: rank 0 has "
                          "'b = 2', rank 1 has 'b = 3'; start all ranks"));
  });
}

TEST(AgreeOnLines, NamesALineThatOneRankLacks) {
  RunRanksAsThreads(2, [](Communicator& communicator) {
    std::vector<std::string> lines = {"a = 1"};
    if (communicator.rank() == 1) lines.push_back("b = 2");
    EXPECT_THAT(AgreeOnLines(communicator, lines, "x"),
                FailsWith("rank 0 has 'nothing more', rank 1 has 'b = 2'"));
  });
}

TEST(AgreeOnConfiguration, NamesTheSettingThatDiffers) {
  RunRanksAsThreads(2, [](Communicator& communicator) {
    const std::string lr = communicator.rank() == 0 ? "0.1" : "0.2";
    EXPECT_TRUE(
        AgreeOnConfiguration(communicator, {{"lr", "0.1", "default"}}).ok());
    EXPECT_THAT(AgreeOnConfiguration(communicator, {{"lr", lr, "default"}}),
                FailsWith("differ in their configuration or build: rank 0 has "
                          "'lr = 0.1', rank 1 has 'lr = 0.2'"));
  });
}

TEST(AgreeOnData, NamesTheFileWhoseContentDiffers) {
  RunRanksAsThreads(2, [](Communicator& communicator) {
    DatasetPair data;
    data.digests = {{"a", "1"}, {"b", "2"}};
    EXPECT_TRUE(AgreeOnData(communicator, data).ok());
    if (communicator.rank() == 1) data.digests["b"] = "3";
    EXPECT_THAT(AgreeOnData(communicator, data),
                FailsWith("differ in their data files: rank 0 has 'b = 2', "
                          "rank 1 has 'b = 3'"));
    data.digests["b"] = "2";
    data.generated = communicator.rank() == 0;
    EXPECT_THAT(AgreeOnData(communicator, data), FailsWith("'generated = "));
  });
}

}  // namespace
}  // namespace reprise
