#include "core/device/gpu/gpu_assignment.h"

#include <algorithm>
#include <set>
#include <string>
#include <vector>

#include "core/base/philox.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace reprise {
namespace {

using Ids = std::vector<std::string>;
using testing::ElementsAre;

TEST(AssignGpus, IsByNumberWhereAllRanksSeeTheSameGpus) {
  const Ids all = {"a", "b", "c"};
  EXPECT_THAT(AssignGpus({all, all, all}), ElementsAre(0, 1, 2));
  EXPECT_THAT(AssignGpus({all, all}), ElementsAre(0, 1));
  EXPECT_THAT(AssignGpus({all, all, all, all, all, all, all}),
              ElementsAre(0, 1, 2, 0, 1, 2, 0));
  EXPECT_THAT(AssignGpus({}), ElementsAre());
}

// Four GPUs, two sockets, ranks dealt to the sockets in turn: ranks 0 and 2 see
// the first two GPUs as 0 and 1, ranks 1 and 3 the others.
TEST(AssignGpus, IsDistinctUnderSlurmsGpuBind) {
  EXPECT_THAT(AssignGpus({{"a", "b"}, {"c", "d"}, {"a", "b"}, {"c", "d"}}),
              ElementsAre(0, 0, 1, 1));
}

TEST(AssignGpus, IsTheOneThatAContainerHas) {
  EXPECT_THAT(AssignGpus({{"a"}, {"b"}, {"c"}}), ElementsAre(0, 0, 0));
}

TEST(AssignGpus, MovesARankThatHasAChoice) {
  EXPECT_THAT(AssignGpus({{"a", "b"}, {"a"}}), ElementsAre(1, 0));
  EXPECT_THAT(AssignGpus({{"a", "b"}, {"b", "c"}, {"a"}, {"b"}}),
              ElementsAre(1, 1, 0, 0))
      << "four ranks, three GPUs: the last shares";
}

TEST(AssignGpus, IsMinusOneForARankThatSeesNone) {
  EXPECT_THAT(AssignGpus({{"a"}, {}, {"a", "b"}}), ElementsAre(0, -1, 1));
}

// Against all assignments of small random cases: as many different GPUs as any.
TEST(AssignGpus, UsesAsManyGpusAsCanBe) {
  for (uint64_t seed = 0; seed < 300; ++seed) {
    PhiloxStream stream({seed});
    std::vector<Ids> visible(1 + stream.NextBelow(4));
    for (Ids& ids : visible) {
      for (const char* id : {"a", "b", "c", "d"}) {
        if (stream.NextBelow(2) == 0) ids.push_back(id);
      }
    }
    size_t most = 0, combinations = 1;
    for (const Ids& ids : visible) combinations *= ids.empty() ? 1 : ids.size();
    for (size_t i = 0; i < combinations; ++i) {
      std::set<std::string> used;
      size_t rest = i;
      for (const Ids& ids : visible) {
        if (ids.empty()) continue;
        used.insert(ids[rest % ids.size()]);
        rest /= ids.size();
      }
      most = std::max(most, used.size());
    }
    const std::vector<int> taken = AssignGpus(visible);
    std::set<std::string> used;
    for (size_t rank = 0; rank < visible.size(); ++rank) {
      ASSERT_EQ(taken[rank] < 0, visible[rank].empty());
      if (taken[rank] >= 0) used.insert(visible[rank].at(taken[rank]));
    }
    EXPECT_EQ(used.size(), most) << "seed " << seed;
  }
}

}  // namespace
}  // namespace reprise
