#include "data/near_miss.h"

#include <filesystem>
#include <fstream>
#include <string>

#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"

namespace reprise {
namespace {

class NearMissTest : public ::testing::Test {
 protected:
  NearMissTest()
      : folder_(absl::StrCat(
            ::testing::TempDir(), "/",
            ::testing::UnitTest::GetInstance()->current_test_info()->name())) {
    std::filesystem::create_directories(folder_);
  }

  void Add(const std::string& path) {
    const std::filesystem::path whole = folder_ + "/" + path;
    std::filesystem::create_directories(whole.parent_path());
    std::ofstream(whole) << "x";
  }

  std::string Found() const {
    const auto found = FindNearMiss(
        folder_, {{"rows.tar", "unpack it"}, {"rows", "rename it"}});
    return found.has_value() ? absl::StrCat(found->path, ": ", found->remedy)
                             : "none";
  }

  const std::string folder_;
};

TEST_F(NearMissTest, FindsTheFirstClueWhateverElseIsThere) {
  EXPECT_EQ(Found(), "none");
  Add("a/other-rows.txt");
  EXPECT_EQ(Found(), "none");
  Add("a/b/ROWS.csv");
  EXPECT_EQ(Found(), "a/b/ROWS.csv: rename it");
  Add("z/rows.tar.gz");
  EXPECT_EQ(Found(), "z/rows.tar.gz: unpack it");
}

TEST_F(NearMissTest, NamesTheSameFileWhateverTheOrderOfTheFolder) {
  for (const char* name : {"rows_c", "rows_a", "rows_b"}) Add(name);
  EXPECT_EQ(Found(), "rows_a: rename it");
}

TEST_F(NearMissTest, LooksNoDeeperThanAnArchiveUnpacksTo) {
  Add("a/b/c/rows");
  EXPECT_EQ(Found(), "none");
  Add("a/rows");
  EXPECT_FALSE(FindNearMiss(folder_, {{"rows", ""}}, /*levels=*/1).has_value());
  EXPECT_TRUE(FindNearMiss(folder_, {{"rows", ""}}, /*levels=*/2).has_value());
  EXPECT_FALSE(FindNearMiss(folder_ + "/none", {{"a", ""}}).has_value());
}

TEST_F(NearMissTest, ListsWhatLiesThere) {
  EXPECT_EQ(ListFolder(folder_), "nothing");
  EXPECT_EQ(ListFolder(folder_ + "/none"), "nothing");
  Add("b");
  Add("a/x");
  EXPECT_EQ(ListFolder(folder_), "a/, b");
  for (int i = 0; i < 10; ++i) Add(absl::StrCat("c", i));
  EXPECT_EQ(ListFolder(folder_), "a/, b, c0, c1, c2, c3, c4, c5 and 4 more");
}

}  // namespace
}  // namespace reprise
