#include "launch/run/ranks/rank_summary.h"

#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "core/base/status_matchers.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace reprise {
namespace {

using testing::ElementsAre;

TEST(RankSummary, ComesBackAsItWasPacked) {
  const RankSummary rank = {"node-1", "cpu (AVX-512 BF16)", 4, "0-3,8", true,
                            2.5};
  REPRISE_ASSERT_OK_AND_ASSIGN(const RankSummary other,
                               UnpackRank(PackRank(rank)));
  EXPECT_EQ(other.host, rank.host);
  EXPECT_EQ(other.device, rank.device);
  EXPECT_EQ(other.threads, rank.threads);
  EXPECT_EQ(other.cores, rank.cores);
  EXPECT_EQ(other.bound, rank.bound);
  EXPECT_EQ(other.quota, rank.quota);
  // A name that is not UTF-8 comes back in another form, and the rest as it
  // was.
  RankSummary odd = rank;
  odd.host = "node-\xff";
  REPRISE_ASSERT_OK_AND_ASSIGN(const RankSummary others,
                               UnpackRank(PackRank(odd)));
  EXPECT_EQ(others.cores, rank.cores);
  for (const char* text : {"", "{}", "[]", "7", "{\"host\": 1}",
                           "{\"host\": \"a\", \"device\": \"b\"}"}) {
    EXPECT_FALSE(UnpackRank(text).ok()) << text;
  }
}

TEST(DescribeHosts, SaysWhatDiffers) {
  std::vector<RankSummary> ranks;
  for (int i = 0; i < 4; ++i) {
    ranks.push_back({"node-1", absl::StrCat("cuda:", i, " (Tesla P100)"), 2,
                     absl::StrCat(2 * i, "-", 2 * i + 1), true});
  }
  ranks.push_back({"node-2", "cpu", 1, "0-15", false, 1.5});
  ranks.push_back({"node-3", "cuda:0", 8, "0-31", false});
  ranks.push_back({"node-3", "cuda:1", 8, "0-31", false});
  EXPECT_THAT(
      DescribeHosts(ranks),
      ElementsAre("host node-1: ranks 0-3, 4 x cuda (Tesla P100), 2 threads "
                  "each, bound to their own of cores 0-7",
                  "host node-2: rank 4, cpu, 1 thread on cores 0-15, of which "
                  "the container's quota allows 1.5",
                  "host node-3: ranks 5-6, 2 x cuda, 8 threads each on cores "
                  "0-31"));
}

TEST(DescribeHosts, NamesAQuotaOnlyWhereItIsLessThanTheCores) {
  EXPECT_THAT(
      DescribeHosts({{"a", "cpu", 4, "0-3", false, 4},
                     {"b", "cpu", 4, "", false, 1.5},
                     {"c", "cpu", 2, "0-1", true, 3},
                     {"c", "cpu", 2, "2-3", true, 3}}),
      ElementsAre("host a: rank 0, cpu, 4 threads on cores 0-3",
                  "host b: rank 1, cpu, 4 threads",
                  "host c: ranks 2-3, 2 x cpu, 2 threads each, bound to their "
                  "own of cores 0-3, of which the container's quota allows 3"));
}

TEST(DescribeQuota, ComparesItWithTheCoresOfAllRanks) {
  // Of neither rank alone does it take anything away.
  EXPECT_EQ(DescribeQuota({{"a", "cpu", 2, "0-1", true, 2.5},
                           {"a", "cpu", 2, "2-3", true, 2.5}}),
            "cores: 2 of 4 (the container's quota is 2.5)");
  EXPECT_EQ(DescribeQuota({{"a", "cpu", 2, "0-3", false, 2.5},
                           {"a", "cpu", 2, "0-3", false, 2.5}}),
            "cores: 2 of 4 (the container's quota is 2.5)");
  for (const RankSummary& rank : {RankSummary{"a", "cpu", 4, "0-3", false, 4},
                                  RankSummary{"a", "cpu", 4, "0-3", false, 0},
                                  RankSummary{"a", "cpu", 4, "", false, 1}}) {
    EXPECT_EQ(DescribeQuota({rank}), "");
  }
}

TEST(DescribeHosts, FollowsRanksThatTakeTurns) {
  const RankSummary a = {"a", "cpu", 1, "", false};
  const RankSummary b = {"b", "cpu", 2, "", false};
  EXPECT_THAT(DescribeHosts({b, a, b, a, a}),
              ElementsAre("host b: ranks 0,2, 2 x cpu, 2 threads each",
                          "host a: ranks 1,3-4, 3 x cpu, 1 thread each"));
}

}  // namespace
}  // namespace reprise
