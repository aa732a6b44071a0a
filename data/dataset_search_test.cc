#include "data/dataset_search.h"

#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <string>

#include "absl/strings/str_cat.h"
#include "core/base/status.h"
#include "core/base/status_matchers.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace reprise {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;

// Three places: named (the environment), stood/datasets and home/datasets.
class DatasetSearchTest : public ::testing::Test {
 protected:
  DatasetSearchTest() {
    root_ = absl::StrCat(
        ::testing::TempDir(), "/",
        ::testing::UnitTest::GetInstance()->current_test_info()->name());
    for (const char* folder : {"", "/named", "/stood", "/stood/datasets",
                               "/home", "/home/datasets"}) {
      mkdir((root_ + folder).c_str(), 0755);
    }
    setenv("BUILD_WORKING_DIRECTORY", (root_ + "/stood").c_str(), 1);
    setenv("HOME", (root_ + "/home").c_str(), 1);
    unsetenv("REPRISE_DATASETS");
  }

  void Add(const std::string& place) {
    ASSERT_EQ(mkdir(absl::StrCat(root_, place, "/MNIST").c_str(), 0755), 0);
  }

  std::string root_;
};

TEST_F(DatasetSearchTest, ListsWhereItLookedInVain) {
  REPRISE_ASSERT_OK_AND_ASSIGN(const DatasetPlace place,
                               FindDatasets("", {"MNIST"}));
  EXPECT_EQ(place.folder, "");
  EXPECT_THAT(place.looked_at,
              ElementsAre(root_ + "/stood/datasets", root_ + "/home/datasets"));
  EXPECT_EQ(place.named_by, "");
}

TEST_F(DatasetSearchTest, TakesTheFirstPlaceThatHasTheDataSet) {
  setenv("REPRISE_DATASETS", (root_ + "/named").c_str(), 1);
  Add("/home/datasets");
  EXPECT_EQ(FindDatasets("", {"MNIST"})->folder, root_ + "/home/datasets");
  Add("/stood/datasets");
  EXPECT_EQ(FindDatasets("", {"MNIST"})->folder, root_ + "/stood/datasets");
  Add("/named");
  EXPECT_EQ(FindDatasets("", {"MNIST"})->folder, root_ + "/named");
  EXPECT_EQ(FindDatasets("", {"CIFAR10"})->folder, "");
  // The folder decides before the entry does.
  EXPECT_EQ(FindDatasets("", {"CIFAR10", "MNIST"})->folder, root_ + "/named");
}

TEST_F(DatasetSearchTest, ANamedFolderEndsTheSearch) {
  Add("/home/datasets");
  REPRISE_ASSERT_OK_AND_ASSIGN(const DatasetPlace place,
                               FindDatasets(root_ + "/named", {"MNIST"}));
  EXPECT_EQ(place.folder, "");
  EXPECT_THAT(place.looked_at, ElementsAre(root_ + "/named"));
  EXPECT_EQ(place.named_by, "--dataset-dir");
  Add("/named");
  EXPECT_EQ(FindDatasets(root_ + "/named", {"MNIST"})->folder,
            root_ + "/named");
  Add("/stood/datasets");
  EXPECT_EQ(FindDatasets("datasets", {"MNIST"})->folder,
            root_ + "/stood/datasets");
}

TEST_F(DatasetSearchTest, ANamedFolderThatIsNotThereIsAnError) {
  Add("/home/datasets");
  EXPECT_THAT(
      FindDatasets(root_ + "/none", {"MNIST"}),
      AllOf(ExitsWith(ExitCode::kData),
            FailsWith(root_ + "/none: expected a readable folder of data sets, "
                              "named by --dataset-dir, found: No such file"),
            FailsWith("; remedy: ")));
  setenv("REPRISE_DATASETS", (root_ + "/none").c_str(), 1);
  EXPECT_THAT(FindDatasets("", {"MNIST"}),
              AllOf(ExitsWith(ExitCode::kData),
                    FailsWith("named by REPRISE_DATASETS")));
  EXPECT_THAT(FindDatasets(root_ + "/home", {"MNIST"}), IsOk());
}

TEST_F(DatasetSearchTest, ATildeIsTheHomeFolderHoweverItIsGiven) {
  Add("/home/datasets");
  EXPECT_EQ(FindDatasets("~/datasets", {"MNIST"})->folder,
            root_ + "/home/datasets");
  setenv("REPRISE_DATASETS", "~/datasets", 1);
  REPRISE_ASSERT_OK_AND_ASSIGN(const DatasetPlace place,
                               FindDatasets("", {"MNIST"}));
  EXPECT_EQ(place.folder, root_ + "/home/datasets");
  EXPECT_EQ(place.named_by, "REPRISE_DATASETS");
}

TEST_F(DatasetSearchTest, ANamedFileIsAnError) {
  EXPECT_THAT(FindDatasets("/dev/null", {"MNIST"}),
              AllOf(ExitsWith(ExitCode::kData), FailsWith("found: a file")));
}

TEST_F(DatasetSearchTest, ABrokenLinkCountsAsThereSoThatReadingNamesIt) {
  ASSERT_EQ(symlink("nowhere", (root_ + "/stood/datasets/MNIST").c_str()), 0);
  Add("/home/datasets");
  EXPECT_EQ(FindDatasets("", {"MNIST"})->folder, root_ + "/stood/datasets");
}

}  // namespace
}  // namespace reprise
