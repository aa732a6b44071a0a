#include "launch/verbs.h"

#include <set>
#include <string>
#include <vector>

#include "gtest/gtest.h"
#include "launch/cli/argument_scanner.h"
#include "launch/settings/resolve/command_line.h"
#include "launch/verb.h"

namespace reprise {
namespace {

TEST(Verbs, HaveNamesOfTheirOwnAndRunFirst) {
  std::set<std::string> names;
  for (const Verb& verb : Verbs()) EXPECT_TRUE(names.insert(verb.name).second);
  EXPECT_STREQ(Verbs().front().name, "run");
  EXPECT_NE(Verbs().front().run, nullptr);
}

TEST(Verbs, AreThoseThatTheCommandLineKnows) {
  std::vector<std::string> done, to_come;
  for (const Verb& verb : Verbs()) {
    if (verb.name == KnownVerbs().own) continue;
    (verb.run != nullptr ? done : to_come).push_back(verb.name);
  }
  EXPECT_EQ(done, KnownVerbs().done);
  EXPECT_EQ(to_come, KnownVerbs().to_come);
}

TEST(VerbOf, IsTheFirstArgumentWhereThatIsABuiltVerb) {
  EXPECT_STREQ(VerbOf({"data", "verify"}).name, "data");
  EXPECT_STREQ(VerbOf({"run", "--quick"}).name, "run");
  EXPECT_STREQ(VerbOf({}).name, "run");
  EXPECT_STREQ(VerbOf({"--quick", "data"}).name, "run");
  EXPECT_STREQ(VerbOf({"report"}).name, "run");
  EXPECT_STREQ(VerbOf({"dta"}).name, "run");
}

}  // namespace
}  // namespace reprise
