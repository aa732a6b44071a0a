#include "launch/mpirun/host_list.h"

#include <random>
#include <string>

#include "absl/strings/ascii.h"
#include "core/base/file.h"
#include "core/base/host_name.h"
#include "core/base/status.h"
#include "core/base/status_matchers.h"
#include "gtest/gtest.h"

namespace reprise {
namespace {

TEST(HostList, ReadsNamesAndRanks) {
  REPRISE_ASSERT_OK_AND_ASSIGN(
      const auto hosts, ParseHostList("chifflot-1.lille:2,10.0.0.7,node_b:16"));
  ASSERT_EQ(hosts.size(), 3u);
  EXPECT_EQ(hosts[0].name, "chifflot-1.lille");
  EXPECT_EQ(hosts[0].ranks, 2);
  EXPECT_EQ(hosts[1].name, "10.0.0.7");
  EXPECT_EQ(hosts[1].ranks, 1);
  EXPECT_EQ(RanksOnAll(hosts), 19);
}

TEST(HostList, NamesThePlaceOfAMistake) {
  const std::pair<std::string, std::string> corpus[] = {
      {"", "host 1: expected name:ranks, like node-1:2, found ''"},
      {"a:2,", "host 2: expected name:ranks"},
      {"a:2,,b:2", "host 2: expected name:ranks"},
      {"a:2, b c", "host 2: expected name:ranks, like node-1:2, found 'b c'"},
      {"a:0", "host 1: expected at least one rank, found 'a:0'"},
      {"a:-1", "host 1: expected name:ranks"},
      {"a:two", "host 1: expected name:ranks"},
      {"a:2:3", "host 1: expected name:ranks"},
      {"a:", "host 1: expected name:ranks"},
      {":2", "host 1: expected name:ranks"},
      {"-x:2", "host 1: expected name:ranks"},
      {"a;reboot:2", "host 1: expected name:ranks"},
      {"a:40000,a:40000", "host 2: expected at most 65536 ranks in all"},
      {"a:60000,b:60000", "host 2: expected at most 65536 ranks in all"},
      {"a:99999999999999999999", "host 1: expected name:ranks"},
      {std::string(300, 'a'), "host 1: expected name:ranks"},
      {"\xFF:2", "host 1: expected name:ranks, like node-1:2, found '\\xff:2'"},
  };
  for (const auto& [text, expected] : corpus) {
    const auto hosts = ParseHostList(text);
    EXPECT_THAT(hosts, FailsWith(expected)) << text;
    EXPECT_THAT(hosts, ExitsWith(ExitCode::kUsage)) << text;
  }
}

TEST(HostList, AHostNamedAgainGetsTheRanksOfBoth) {
  EXPECT_EQ(HostListText(*ParseHostList("a,b:2,a,A:3, b")), "a:5,b:3");
  EXPECT_EQ(HostListText(*ParseHostList("localhost,localhost")), "localhost:2");
}

TEST(HostList, ThisHostComesAsMpirunKnowsIt) {
  EXPECT_EQ(HostListText(*ParseHostList("LOCALHOST:2")), "localhost:2");
  const std::string own = HostName();
  EXPECT_EQ(ParseHostList(absl::AsciiStrToUpper(own))->at(0).name, own);
  EXPECT_EQ(ParseHostList("Node-A")->at(0).name, "Node-A");
}

std::string MakeFile(const std::string& text) {
  const std::string path = testing::TempDir() + "/hosts";
  REPRISE_EXPECT_OK(ReplaceFile(path, {text}));
  return path;
}

TEST(HostFile, ReadsOursAndMpiruns) {
  REPRISE_ASSERT_OK_AND_ASSIGN(
      const auto hosts,
      ReadHostFile(MakeFile("# two kinds of nodes\nchifflot-1 slots=12\n\n"
                            "chifflot-7:4  # V100\n\tlast.node\r\n"
                            "a slots = 3")));
  EXPECT_EQ(HostListText(hosts), "chifflot-1:12,chifflot-7:4,last.node:1,a:3");
  REPRISE_ASSERT_OK_AND_ASSIGN(const auto again,
                               ParseHostList(HostListText(hosts)));
  EXPECT_EQ(RanksOnAll(again), 20);
}

TEST(HostFile, ReadsALineForEachSlotAsPbsWritesThem) {
  EXPECT_EQ(HostListText(*ReadHostFile(MakeFile(
                "node-a\r\nnode-a\r\n# rack 2\r\n\r\nnode-b\r\nnode-b\r\n"))),
            "node-a:2,node-b:2");
  EXPECT_EQ(HostListText(*ReadHostFile(MakeFile("a:2\na slots=2\n"))), "a:4");
  EXPECT_EQ(HostListText(*ReadHostFile(MakeFile("a slots=2 max_slots=4\n"))),
            "a:2");
}

TEST(HostFile, NamesFileAndLineOfAMistake) {
  const std::pair<std::string, std::string> corpus[] = {
      {"", "/hosts: expected a host a line, like node-1:2, found none"},
      {"# nothing\n\n", "/hosts: expected a host a line"},
      {"a:2\n\nb c\n",
       "/hosts:3: expected a host a line, like node-1:2 or node-1 slots=2, "
       "found 'b c'"},
      {"a:2,b:2", "/hosts:1: expected a host a line"},
      {"a slots=two", "/hosts:1: expected a host a line"},
      {"a slots=0", "/hosts:1: expected at least one rank"},
      {"a max_slots=many", "/hosts:1: expected a host a line"},
      {"a:60000\nb:60000", "/hosts:2: expected at most 65536 ranks"},
      {"-x slots=2", "/hosts:1: expected a host a line"},
      {"\xFF", "found '\\xff'"},
  };
  for (const auto& [text, expected] : corpus) {
    const auto hosts = ReadHostFile(MakeFile(text));
    EXPECT_THAT(hosts, FailsWith(expected)) << text;
    EXPECT_THAT(hosts, ExitsWith(ExitCode::kUsage)) << text;
  }
  const auto missing = ReadHostFile("/does/not/exist");
  EXPECT_THAT(missing, FailsWith("/does/not/exist"));
  EXPECT_THAT(missing, ExitsWith(ExitCode::kUsage));
}

TEST(HostList, SurvivesMutations) {
  std::mt19937 random(5);
  int accepted = 0;
  for (int round = 0; round < 50000; ++round) {
    std::string text = "node-1:2,b.c:13,10.0.0.1";
    for (size_t change = 0; change <= random() % 3; ++change) {
      text[random() % text.size()] =
          random() % 2 ? ":,.-a9"[random() % 6] : static_cast<char>(random());
    }
    const auto hosts = ParseHostList(text);
    if (!hosts.ok()) continue;
    ++accepted;
    for (const Host& host : *hosts) {
      ASSERT_FALSE(host.name.empty());
      ASSERT_NE(host.name[0], '-');
      ASSERT_GE(host.ranks, 1);
    }
  }
  EXPECT_GT(accepted, 1000);
}

}  // namespace
}  // namespace reprise
