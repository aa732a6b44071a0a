#include "core/base/environment.h"

#include <pwd.h>
#include <stdlib.h>
#include <unistd.h>

#include <string>

#include "gtest/gtest.h"

namespace reprise {
namespace {

class EnvironmentTest : public ::testing::Test {
 protected:
  EnvironmentTest() {
    setenv("HOME", "/home/ann", 1);
    unsetenv("BUILD_WORKING_DIRECTORY");
  }
};

TEST_F(EnvironmentTest, AVariableThatIsNotSetIsEmpty) {
  setenv("REPRISE_TEST_VARIABLE", "text", 1);
  EXPECT_EQ(GetEnv("REPRISE_TEST_VARIABLE"), "text");
  unsetenv("REPRISE_TEST_VARIABLE");
  EXPECT_EQ(GetEnv("REPRISE_TEST_VARIABLE"), "");
}

TEST_F(EnvironmentTest, ATildeIsTheHomeFolder) {
  EXPECT_EQ(ResolveUserPath("~"), "/home/ann");
  EXPECT_EQ(ResolveUserPath("~/sets"), "/home/ann/sets");
  EXPECT_EQ(ResolveUserPath("a/~/b"), "a/~/b");
  setenv("BUILD_WORKING_DIRECTORY", "/stood", 1);
  EXPECT_EQ(ResolveUserPath("~/sets"), "/home/ann/sets");
}

TEST_F(EnvironmentTest, ATildeWithANameIsThatUsersHome) {
  const passwd* root = getpwnam("root");
  ASSERT_NE(root, nullptr);
  EXPECT_EQ(ResolveUserPath("~root/x"), std::string(root->pw_dir) + "/x");
  EXPECT_EQ(ResolveUserPath("~no-such-user-here/x"), "~no-such-user-here/x");
}

TEST_F(EnvironmentTest, WithoutHomeTheSystemKnowsIt) {
  const passwd* user = getpwuid(getuid());
  if (user == nullptr) GTEST_SKIP() << "this user has no name";
  const std::string home = user->pw_dir;
  unsetenv("HOME");
  EXPECT_EQ(ResolveUserPath("~/x"), home + "/x");
}

TEST_F(EnvironmentTest, ARelativePathIsFromWhereTheUserStood) {
  EXPECT_EQ(ResolveUserPath("x/y"), "x/y");
  EXPECT_EQ(ResolveUserPath(""), "");
  EXPECT_EQ(ResolveUserPath("/x"), "/x");
  setenv("BUILD_WORKING_DIRECTORY", "/stood", 1);
  EXPECT_EQ(ResolveUserPath("x/y"), "/stood/x/y");
  EXPECT_EQ(ResolveUserPath("./x"), "/stood/x");
  EXPECT_EQ(ResolveUserPath("../x"), "/stood/../x");
  EXPECT_EQ(ResolveUserPath("/x"), "/x");
}

}  // namespace
}  // namespace reprise
