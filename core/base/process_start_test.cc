#include "core/base/process_start.h"

#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <functional>
#include <string>

#include "gtest/gtest.h"

namespace reprise {
namespace {

// The exit code of a child that runs `body`; -SIGNAL if a signal ended it.
int InChild(const std::function<int()>& body) {
  const pid_t child = fork();
  if (child == 0) _exit(body());
  int status = 0;
  waitpid(child, &status, 0);
  return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
}

bool IsNull(int fd) {
  struct stat found, null;
  return fstat(fd, &found) == 0 && stat("/dev/null", &null) == 0 &&
         found.st_rdev == null.st_rdev;
}

TEST(ProcessStartTest, ClosedDescriptorsLeadToDevNullAndOpenOnesStay) {
  EXPECT_EQ(InChild([] {
              close(0);
              close(2);
              struct stat before, after;
              if (fstat(1, &before) != 0) return 1;
              PrepareProcess();
              if (!IsNull(0) || !IsNull(2)) return 2;
              if (fstat(1, &after) != 0) return 3;
              return before.st_ino == after.st_ino ? 0 : 4;
            }),
            0);
}

TEST(ProcessStartTest, AFileOpenedAfterwardsIsNoStandardStream) {
  EXPECT_EQ(InChild([] {
              for (int fd = 0; fd < 64; ++fd) close(fd);
              PrepareProcess();
              return open("/", O_RDONLY);
            }),
            3);
}

TEST(ProcessStartTest, AWriteBeyondTheLimitOfFileSizeFailsWithItsReason) {
  std::string path = ::testing::TempDir() + "/limitedXXXXXX";
  const int file = mkstemp(path.data());
  ASSERT_GE(file, 0);
  EXPECT_EQ(InChild([file] {
              PrepareProcess();
              const rlimit limit = {4, 4};
              setrlimit(RLIMIT_FSIZE, &limit);
              if (write(file, "12345678", 8) != 4) return 1;
              if (write(file, "5678", 4) != -1) return 2;
              return errno == EFBIG ? 0 : 3;
            }),
            0);
}

TEST(ProcessStartTest, OfARemovedWorkingFolderRelativePathsLeadNowhere) {
  std::string folder = ::testing::TempDir() + "/goneXXXXXX";
  ASSERT_NE(mkdtemp(folder.data()), nullptr);
  EXPECT_EQ(InChild([&folder] {
              if (chdir(folder.c_str()) != 0 || rmdir(folder.c_str()) != 0) {
                return 1;
              }
              PrepareProcess();
              char now[4096];
              if (getcwd(now, sizeof(now)) == nullptr) return 2;
              return mkdir("results", 0755) == 0 ? 3 : 0;
            }),
            0);
}

}  // namespace
}  // namespace reprise
