#include "core/base/file.h"

#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdio>
#include <filesystem>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "core/base/status.h"
#include "core/base/status_matchers.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace reprise {
namespace {

class FileTest : public ::testing::Test {
 protected:
  FileTest()
      : folder_(
            ::testing::TempDir() +
            ::testing::UnitTest::GetInstance()->current_test_info()->name()) {
    std::filesystem::remove_all(folder_);
    std::filesystem::create_directories(folder_);
  }

  std::string PathOf(const std::string& name) const {
    return folder_ + "/" + name;
  }

  int NumFiles() const {
    int files = 0;
    for (const auto& entry : std::filesystem::directory_iterator(folder_)) {
      (void)entry;
      ++files;
    }
    return files;
  }

  const std::string folder_;
};

// While alive, no file of this process can grow beyond `bytes`: a full disk
// that needs no mount.
class FileSizeLimit {
 public:
  explicit FileSizeLimit(rlim_t bytes) {
    signal(SIGXFSZ, SIG_IGN);
    getrlimit(RLIMIT_FSIZE, &before_);
    const struct rlimit limit = {bytes, before_.rlim_max};
    setrlimit(RLIMIT_FSIZE, &limit);
  }
  ~FileSizeLimit() { setrlimit(RLIMIT_FSIZE, &before_); }

 private:
  struct rlimit before_;
};

TEST_F(FileTest, ReplacedContentIsThePiecesInOrder) {
  REPRISE_ASSERT_OK(ReplaceFile(PathOf("a"), {"old"}));
  REPRISE_ASSERT_OK(ReplaceFile(PathOf("a"), {"new", "", " content"}));
  REPRISE_ASSERT_OK_AND_ASSIGN(const std::string content,
                               ReadWholeFile(PathOf("a")));
  EXPECT_EQ(content, "new content");
  EXPECT_EQ(NumFiles(), 1);
}

TEST_F(FileTest, NewFilesAreReadableByAllAndWritableByTheirOwner) {
  umask(0);
  REPRISE_ASSERT_OK(ReplaceFile(PathOf("replaced"), {"x"}));
  REPRISE_ASSERT_OK(AppendFile::Open(PathOf("appended")).status());
  for (const char* name : {"replaced", "appended"}) {
    struct stat found;
    ASSERT_EQ(stat(PathOf(name).c_str(), &found), 0);
    EXPECT_EQ(found.st_mode & 0777, 0644u) << name;
  }
}

TEST_F(FileTest, AFailedReplacementKeepsTheFormerContentAndLeavesNoTemporary) {
  REPRISE_ASSERT_OK(ReplaceFile(PathOf("a"), {"old"}));
  {
    FileSizeLimit limit(1000);
    const absl::Status status =
        ReplaceFile(PathOf("a"), {std::string(2000, 'x')});
    EXPECT_THAT(status, ExitsWith(ExitCode::kStorage));
    EXPECT_THAT(status, FailsWith(PathOf("a")));
  }
  REPRISE_ASSERT_OK_AND_ASSIGN(const std::string content,
                               ReadWholeFile(PathOf("a")));
  EXPECT_EQ(content, "old");
  EXPECT_EQ(NumFiles(), 1);
}

TEST_F(FileTest, AFailedAppendLeavesNoPartOfItsRecord) {
  REPRISE_ASSERT_OK_AND_ASSIGN(AppendFile file, AppendFile::Open(PathOf("a")));
  REPRISE_ASSERT_OK(file.Append("first\n"));
  {
    FileSizeLimit limit(100);
    EXPECT_THAT(file.Append(std::string(200, 'x')),
                ExitsWith(ExitCode::kStorage));
  }
  REPRISE_ASSERT_OK(file.Append("second\n"));
  REPRISE_ASSERT_OK_AND_ASSIGN(const std::string content,
                               ReadWholeFile(PathOf("a")));
  EXPECT_EQ(content, "first\nsecond\n");
}

TEST_F(FileTest, AFullDeviceIsAStorageErrorWithTheSystemsText) {
  REPRISE_ASSERT_OK_AND_ASSIGN(AppendFile file, AppendFile::Open("/dev/full"));
  EXPECT_THAT(file.Append("x"), FailsWith("No space left on device"));
}

TEST_F(FileTest,
       ASymbolicLinkIsReadButNeitherAppendedToNorFollowedByAReplacement) {
  REPRISE_ASSERT_OK(ReplaceFile(PathOf("outside"), {"kept"}));
  std::filesystem::create_symlink(PathOf("outside"), PathOf("link"));
  EXPECT_THAT(AppendFile::Open(PathOf("link")), FailsWith("symbolic link"));
  EXPECT_EQ(ReadWholeFile(PathOf("link")).value(), "kept");
  REPRISE_ASSERT_OK(ReplaceFile(PathOf("link"), {"new"}));
  EXPECT_FALSE(std::filesystem::is_symlink(PathOf("link")));
  REPRISE_ASSERT_OK_AND_ASSIGN(const std::string outside,
                               ReadWholeFile(PathOf("outside")));
  EXPECT_EQ(outside, "kept");
}

TEST_F(FileTest, ALinkToNothingIsNamedAsSuch) {
  std::filesystem::create_symlink("nowhere", PathOf("link"));
  EXPECT_THAT(InputFile::Open(PathOf("link")),
              FailsWith("a symbolic link whose target does not exist"));
  EXPECT_THAT(ReadUserInput(PathOf("link"), 10),
              FailsWith("a symbolic link whose target does not exist"));
}

TEST_F(FileTest, AnInputOfTheUserMayBeAFileALinkOrAPipe) {
  REPRISE_ASSERT_OK(ReplaceFile(PathOf("file"), {"text"}));
  std::filesystem::create_symlink("file", PathOf("link"));
  EXPECT_EQ(ReadUserInput(PathOf("file"), 4).value(), "text");
  EXPECT_EQ(ReadUserInput(PathOf("link"), 4).value(), "text");
  EXPECT_THAT(ReadUserInput(PathOf("file"), 3),
              FailsWith("expected at most 3 bytes"));
  EXPECT_THAT(ReadUserInput(folder_, 10), FailsWith("Is a directory"));
  EXPECT_EQ(ReadUserInput("/dev/null", 10).value(), "");

  const std::string pipe = PathOf("pipe");
  ASSERT_EQ(mkfifo(pipe.c_str(), 0600), 0);
  std::thread writer([&pipe] {
    // Later than the reader, as a command in a shell's <(...) is.
    usleep(100'000);
    std::FILE* file = std::fopen(pipe.c_str(), "w");
    std::fputs("some ", file);
    std::fflush(file);
    usleep(100'000);
    std::fputs("text", file);
    std::fclose(file);
  });
  EXPECT_EQ(ReadUserInput(pipe, 100).value(), "some text");
  writer.join();
  EXPECT_TRUE(IsReadOnce(pipe));
  EXPECT_TRUE(IsReadOnce("/dev/fd/0"));
  EXPECT_FALSE(IsReadOnce(PathOf("link")));
  EXPECT_FALSE(IsReadOnce(PathOf("none")));
}

TEST_F(FileTest, ATemporaryFileThatAKilledRunLeftDoesNotStandInTheWay) {
  const std::string orphan = PathOf("a.tmp-" + std::to_string(getpid()));
  REPRISE_ASSERT_OK(AppendFile::Open(orphan)->Append("half a fi"));
  REPRISE_ASSERT_OK(ReplaceFile(PathOf("a"), {"whole"}));
  EXPECT_EQ(NumFiles(), 1);
}

TEST_F(FileTest, AReplacementIsSeenOnlyOnceItIsCommitted) {
  REPRISE_ASSERT_OK(ReplaceFile(PathOf("a"), {"old"}));
  {
    REPRISE_ASSERT_OK_AND_ASSIGN(FileReplacement given_up,
                                 FileReplacement::Begin(PathOf("a")));
    REPRISE_ASSERT_OK(given_up.Write("half a fi"));
    EXPECT_EQ(NumFiles(), 2);
  }
  EXPECT_EQ(ReadWholeFile(PathOf("a")).value(), "old");
  EXPECT_EQ(NumFiles(), 1);
  REPRISE_ASSERT_OK_AND_ASSIGN(FileReplacement begun,
                               FileReplacement::Begin(PathOf("a")));
  FileReplacement replacement = std::move(begun);
  REPRISE_ASSERT_OK(replacement.Write("new "));
  REPRISE_ASSERT_OK(replacement.Write("content"));
  EXPECT_EQ(ReadWholeFile(PathOf("a")).value(), "old");
  REPRISE_ASSERT_OK(replacement.Commit());
  EXPECT_EQ(ReadWholeFile(PathOf("a")).value(), "new content");
  EXPECT_EQ(NumFiles(), 1);
}

TEST_F(FileTest, OfThreadsThatReplaceOneFileOneWinsWhole) {
  std::vector<std::thread> threads;
  std::vector<absl::Status> statuses(4);
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&, i] {
      const std::string content(100000, static_cast<char>('a' + i));
      for (int round = 0; round < 5 && statuses[i].ok(); ++round) {
        statuses[i] = ReplaceFile(PathOf("a"), {content, content});
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  for (const absl::Status& status : statuses) REPRISE_EXPECT_OK(status);
  const std::string content = ReadWholeFile(PathOf("a")).value();
  EXPECT_EQ(content, std::string(200000, content[0]));
  EXPECT_EQ(NumFiles(), 1);
}

TEST_F(FileTest, FoldersPipesAndMissingFilesAreRefusedByName) {
  EXPECT_THAT(InputFile::Open(folder_), FailsWith("found a folder"));
  ASSERT_EQ(mkfifo(PathOf("pipe").c_str(), 0600), 0);
  EXPECT_THAT(InputFile::Open(PathOf("pipe")),
              FailsWith("found a pipe or a device"));
  EXPECT_THAT(InputFile::Open(PathOf("none")),
              FailsWith("No such file or directory"));
  EXPECT_THAT(ReplaceFile(PathOf("none/a"), {"x"}), FailsWith("none/a"));
}

// Those of /proc say 0, those of /sys a page.
TEST_F(FileTest, AFileThatTellsAnotherSizeThanItHasIsReadToItsEnd) {
  const std::string status = ReadWholeFile("/proc/self/status").value();
  EXPECT_EQ(status.substr(0, 6), "Name:\t");
  EXPECT_EQ(status.back(), '\n');
  const std::string pids = ReadWholeFile("/proc/sys/kernel/pid_max").value();
  EXPECT_GT(std::stoi(pids), 0);
  const std::string cores =
      ReadWholeFile("/sys/devices/system/cpu/online").value();
  EXPECT_EQ(cores.front(), '0');
  EXPECT_EQ(cores.find('\n'), cores.size() - 1);
}

TEST_F(FileTest, AFileThatShrinksAfterOpeningIsAnError) {
  REPRISE_ASSERT_OK(ReplaceFile(PathOf("a"), {"0123456789"}));
  REPRISE_ASSERT_OK_AND_ASSIGN(const InputFile file,
                               InputFile::Open(PathOf("a")));
  ASSERT_EQ(truncate(PathOf("a").c_str(), 4), 0);
  char bytes[10];
  EXPECT_THAT(file.ReadAt(0, 10, bytes), FailsWith("shrank"));
}

}  // namespace
}  // namespace reprise
