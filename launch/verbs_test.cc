#include "launch/verbs.h"

#include <set>
#include <string>
#include <vector>

#include "gtest/gtest.h"
#include "launch/cli/argument_scanner.h"
#include "launch/verb.h"

namespace reprise {
namespace {

TEST(Verbs, HaveNamesOfTheirOwnAndRunFirst) {
  std::set<std::string> names;
  for (const Verb& verb : Verbs()) EXPECT_TRUE(names.insert(verb.name).second);
  EXPECT_STREQ(Verbs().front().name, "run");
  EXPECT_NE(Verbs().front().run, nullptr);
}

TEST(Verbs, AreNamedToTheCommandLineAsBuiltOrToCome) {
  const VerbNames names = NamesOfVerbs();
  EXPECT_EQ(names.own, "run");
  EXPECT_EQ(names.done, (std::vector<std::string>{"data", "sweep", "runs",
                                                  "compare", "report", "export",
                                                  "monitoring", "influx"}));
  EXPECT_EQ(names.to_come, (std::vector<std::string>{"bench", "deploy"}));
}

TEST(VerbOf, IsTheFirstArgumentWhereThatIsABuiltVerb) {
  EXPECT_STREQ(VerbOf({"data", "verify"}).name, "data");
  EXPECT_STREQ(VerbOf({"run", "--quick"}).name, "run");
  EXPECT_STREQ(VerbOf({"runs", "--json"}).name, "runs");
  EXPECT_STREQ(VerbOf({}).name, "run");
  EXPECT_STREQ(VerbOf({"--quick", "data"}).name, "run");
  EXPECT_STREQ(VerbOf({"deploy"}).name, "run");
  EXPECT_STREQ(VerbOf({"dta"}).name, "run");
}

}  // namespace
}  // namespace reprise
