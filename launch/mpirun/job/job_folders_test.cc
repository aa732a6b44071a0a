#include "launch/mpirun/job/job_folders.h"

#include <stdlib.h>

#include <filesystem>
#include <optional>
#include <string>

#include "gtest/gtest.h"

namespace reprise {
namespace {

TEST(JobFolders, AreOfTheJobAloneAndGoWithIt) {
  const std::string base = testing::TempDir();
  setenv("TMPDIR", base.c_str(), 1);
  std::optional<JobFolders> first, second;
  first.emplace(/*shared_memory=*/false);
  const std::string one = getenv("TMPDIR");
  EXPECT_NE(one, base);
  EXPECT_TRUE(std::filesystem::is_directory(one));
  setenv("TMPDIR", base.c_str(), 1);
  second.emplace(/*shared_memory=*/false);
  const std::string two = getenv("TMPDIR");
  EXPECT_NE(one, two);
  first.reset();
  EXPECT_FALSE(std::filesystem::exists(one));
  EXPECT_TRUE(std::filesystem::exists(two));
}

TEST(JobFolders, LeaveAPlaceAsItIsWhereNoneCanBeMade) {
  const std::string missing = testing::TempDir() + "/missing/folder";
  setenv("TMPDIR", missing.c_str(), 1);
  const JobFolders folders(/*shared_memory=*/false);
  EXPECT_EQ(getenv("TMPDIR"), missing);
}

}  // namespace
}  // namespace reprise
