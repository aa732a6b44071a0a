#include "launch/process/numbered_entries.h"

#include <fcntl.h>
#include <unistd.h>

#include <filesystem>
#include <string>
#include <system_error>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace reprise {
namespace {

TEST(NumberedEntries, AreThoseOfThisProcess) {
  std::error_code error;
  EXPECT_THAT(NumberedEntries("/proc/self/task", &error),
              testing::Contains(static_cast<int>(getpid())));
  EXPECT_FALSE(error);
  const int fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
  EXPECT_THAT(NumberedEntries("/proc/self/fd", &error), testing::Contains(fd));
  close(fd);
}

TEST(NumberedEntries, LeaveOtherNamesOutAndTellWhyThereAreNone) {
  const std::string folder = testing::TempDir() + "/numbered";
  for (const char* name : {"7", "seven", "8x"}) {
    std::filesystem::create_directories(folder + "/" + name);
  }
  std::error_code error;
  EXPECT_THAT(NumberedEntries(folder, &error), testing::ElementsAre(7));
  EXPECT_THAT(NumberedEntries(folder + "/none", &error), testing::IsEmpty());
  EXPECT_TRUE(error);
}

}  // namespace
}  // namespace reprise
