#include "launch/cli/yaml/config_file.h"

#include <random>
#include <string>

#include "core/base/file.h"
#include "core/base/status.h"
#include "core/base/status_matchers.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace reprise {
namespace {

TEST(ConfigFile, ReadsSectionsWithLinesTextsAndTypes) {
  REPRISE_ASSERT_OK_AND_ASSIGN(const auto sections, ParseConfig(R"(# a comment
base:
  lr: 1e-2
  checkpoint:
  save_dir: "7"
  shard: yes

mine:
  tasksets_config: {scenario: class, increment: 5, 'order': ["1", 2.5, ~]}
  agent_config: "{'num_candidates': 10}"
)"));
  ASSERT_EQ(sections.size(), 2u);
  EXPECT_EQ(sections[0].name, "base");
  EXPECT_EQ(sections[0].line, 2);
  const auto& entries = sections[0].entries;
  ASSERT_EQ(entries.size(), 4u);
  EXPECT_EQ(entries[0].key, "lr");
  EXPECT_EQ(entries[0].line, 3);
  EXPECT_EQ(entries[0].text, "1e-2");
  EXPECT_EQ(ToPythonLiteral(entries[0].value), "0.01");
  EXPECT_EQ(ToPythonLiteral(entries[1].value), "None");
  EXPECT_EQ(ToPythonLiteral(entries[2].value), "'7'");
  EXPECT_EQ(ToPythonLiteral(entries[3].value), "True");
  EXPECT_EQ(ToPythonLiteral(sections[1].entries[0].value),
            "{'scenario': 'class', 'increment': 5, 'order': ['1', 2.5, None]}");
  EXPECT_EQ(sections[1].entries[1].text, "{'num_candidates': 10}");
}

TEST(ConfigFile, TakesAnEmptyFileAndAnEmptySection) {
  REPRISE_ASSERT_OK_AND_ASSIGN(auto sections, ParseConfig(""));
  EXPECT_TRUE(sections.empty());
  REPRISE_ASSERT_OK_AND_ASSIGN(sections, ParseConfig("base:\n"));
  ASSERT_EQ(sections.size(), 1u);
  EXPECT_TRUE(sections[0].entries.empty());
}

TEST(ConfigFile, RefusesHostileTextWithTheLine) {
  std::string deep_block = "base:\n";
  for (int i = 1; i < 60; ++i) deep_block += std::string(i, ' ') + "a:\n";
  const std::pair<std::string, std::string> corpus[] = {
      {"base:\n  lr: 1\n  lr: 2\n", "line 3: key 'lr' is given twice"},
      {"base:\nbase:\n", "line 2: key 'base' is given twice"},
      {"base:\n  a: &x 1\n  b: *x\n", "line 3: aliases"},
      {"base:\n  a: [1, 2\n", "not YAML"},
      {"base:\n\ta: 1\n", "not YAML"},
      {"- base\n", "line 1: expected sections"},
      {"hello\n", "line 1: expected sections"},
      {"lr: 3\n",
       "line 1: expected sections like base: with flags below, "
       "found lr with a value of its own"},
      {"base:\n  [1]: 2\n", "expected a key of text"},
      {"base:\n  lr: 1\n---\nbase:\n", "expected one document"},
      {"base:\n  a: \xFF\n", "line 2: expected UTF-8"},
      {std::string("base:\n\0", 7), "line 2: expected UTF-8"},
      {"base: " + std::string(40, '[') + std::string(40, ']'),
       "line 1: more than 32 levels"},
      {"base: " + std::string(500000, '['), "line 1: "},
      {deep_block, "more than 32 levels"},
      {std::string(10 << 20, 'x'), "at most 1048576 bytes"},
  };
  for (const auto& [yaml, expected] : corpus) {
    const auto sections = ParseConfig(yaml);
    EXPECT_THAT(sections, FailsWith(expected)) << yaml.substr(0, 80);
    EXPECT_THAT(sections, ExitsWith(ExitCode::kUsage));
  }
}

TEST(ConfigFile, SurvivesMutations) {
  const std::string seed =
      "base:\n  lr: 0.1 # c\n  a: {b: [1, 'x'], c: \"\\u00e9\"}\n"
      "mine:\n  - 1\n  ? k\n  : |\n    text\n";
  const std::string alphabet = "{}[]:,'\"#&*!|>%@`?- \n\t\\ab01";
  std::mt19937 random(11);
  int accepted = 0;
  for (int round = 0; round < 20000; ++round) {
    std::string yaml = seed;
    for (size_t change = 0; change <= random() % 4; ++change) {
      const size_t at = random() % yaml.size();
      if (random() % 2) {
        yaml[at] = alphabet[random() % alphabet.size()];
      } else {
        yaml.insert(at, yaml.substr(random() % yaml.size(), random() % 9));
      }
    }
    const auto sections = ParseConfig(yaml);
    accepted += sections.ok();
    if (!sections.ok()) {
      ASSERT_THAT(sections, ExitsWith(ExitCode::kUsage)) << yaml;
    }
  }
  EXPECT_GT(accepted, 100);
}

TEST(ConfigFile, NamesTheFileThatCannotBeRead) {
  const std::string folder = testing::TempDir();
  EXPECT_THAT(ReadConfigFile(folder + "/absent.yaml"),
              FailsWith("absent.yaml"));
  EXPECT_THAT(ReadConfigFile(folder), ExitsWith(ExitCode::kUsage));
  const std::string path = folder + "/b\xC3\xBC cher.yaml";
  REPRISE_ASSERT_OK(ReplaceFile(path, {"base:\n  a: 1\n  a: 2\n"}));
  EXPECT_THAT(ReadConfigFile(path),
              FailsWith(path + ": line 3: key 'a' is given twice"));
}

}  // namespace
}  // namespace reprise
