#include "launch/cli/verb/verb_line.h"

#include <cstdint>
#include <string>
#include <vector>

#include "absl/strings/str_split.h"
#include "core/base/status.h"
#include "core/base/status_matchers.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace reprise {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

struct Options {
  std::string file = "none", sort = "when";
  int64_t limit = 7;
  bool json = false;
};

VerbLine LineOf(Options* options) {
  VerbLine line("list", "reprise list [DIR]", "Lists.");
  line.Text("to-file", "FILE", "where to", &options->file);
  line.Choice("sort", "FIELD", {"when", "agent"}, "order", &options->sort);
  line.Integer("limit", "N", {1, 1000}, "of rows", &options->limit);
  line.Switch("json", "for programs", &options->json);
  return line;
}

std::string ProblemsOf(const std::vector<std::string>& arguments) {
  Options options;
  VerbLine line = LineOf(&options);
  line.Parse(arguments);
  EXPECT_EQ(line.status().ok() ? ExitCode::kUsage : ExitCodeOf(line.status()),
            ExitCode::kUsage);
  return std::string(line.status().message());
}

TEST(VerbLine, LeavesDefaultsWhereNothingIsGiven) {
  Options options;
  VerbLine line = LineOf(&options);
  line.Parse({});
  REPRISE_EXPECT_OK(line.status());
  EXPECT_THAT(line.words(), IsEmpty());
  EXPECT_EQ(options.file, "none");
  EXPECT_EQ(options.limit, 7);
  EXPECT_FALSE(line.IsGiven("json"));
}

TEST(VerbLine, TakesFlagsInEachFormBetweenWords) {
  Options options;
  VerbLine line = LineOf(&options);
  line.Parse({"a", "--to_file", "-", "b c", "--sort=AGENT", "-", "--limit",
              "1000", "--json"});
  REPRISE_EXPECT_OK(line.status());
  EXPECT_THAT(line.words(), ElementsAre("a", "b c", "-"));
  EXPECT_EQ(options.file, "-");
  EXPECT_EQ(options.sort, "agent");
  EXPECT_EQ(options.limit, 1000);
  EXPECT_TRUE(options.json);
  EXPECT_TRUE(line.IsGiven("to-file"));
  VerbLine other = LineOf(&options);
  other.Parse({"--no-json"});
  EXPECT_FALSE(options.json);
  EXPECT_TRUE(other.IsGiven("json"));
}

TEST(VerbLine, TellsAllProblemsAtOnceAndTheUsage) {
  EXPECT_EQ(ProblemsOf({"--jsn"}),
            "list: --jsn: unknown flag; did you mean --json?; usage: reprise "
            "list [DIR]");
  EXPECT_EQ(ProblemsOf({"--limit=0", "--sort=size", "-j", "--to-file="}),
            "list: 4 problems in the command line:\n"
            "  -j: flags begin with two hyphens\n"
            "  --limit: expected an integer from 1 to 1000, found '0'\n"
            "  --sort: expected one of when, agent, found 'size'\n"
            "  --to-file: expected a value (FILE)\n"
            "usage: reprise list [DIR]");
  EXPECT_THAT(ProblemsOf({"--json", "--json"}), HasSubstr("given twice"));
  EXPECT_THAT(ProblemsOf({"--to-file"}), HasSubstr("expected a value (FILE)"));
  EXPECT_THAT(ProblemsOf({"--json=perhaps"}), HasSubstr("--json: expected"));
  EXPECT_THAT(ProblemsOf({"\xff"}), HasSubstr("is not UTF-8"));
  EXPECT_THAT(ProblemsOf({"--hepl"}), HasSubstr("did you mean --help?"));
}

TEST(VerbLine, AddsTheVerbsOwnProblemsToThose) {
  Options options;
  VerbLine line = LineOf(&options);
  line.Parse({"a", "--limit=x"});
  line.AddProblem("'", line.words()[0], "': no such folder");
  EXPECT_THAT(std::string(line.status().message()),
              testing::AllOf(HasSubstr("list: 2 problems"),
                             HasSubstr("\n  'a': no such folder\n")));
}

TEST(VerbLine, AsksForHelpWhateverElseIsThere) {
  for (const char* help : {"--help", "-h"}) {
    Options options;
    VerbLine line = LineOf(&options);
    line.Parse({"--limit=x", help, "--sort"});
    EXPECT_TRUE(line.wants_help());
    REPRISE_EXPECT_OK(line.status());
  }
}

TEST(VerbLine, HelpHasUsageTextAndEachFlagInEightyColumns) {
  Options options;
  VerbLine line = LineOf(&options);
  std::string words;
  for (int i = 0; i < 40; ++i) words += "word ";
  line.Text("long", "TEXT", words, &options.file);
  const std::string help = line.Help();
  EXPECT_THAT(help, testing::StartsWith("reprise list [DIR]\n\nLists.\n\n"));
  EXPECT_THAT(help,
              HasSubstr("\n  --sort=FIELD               order; when|agent\n"));
  EXPECT_THAT(help, HasSubstr("\n  --json                     for programs\n"));
  for (const std::string& text :
       std::vector<std::string>(absl::StrSplit(help, '\n'))) {
    EXPECT_LE(text.size(), 80u) << text;
    EXPECT_THAT(text, Not(testing::EndsWith(" ")));
  }
}

}  // namespace
}  // namespace reprise
