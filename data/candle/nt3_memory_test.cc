// What parsing NT3 costs in memory beside its result. In a test of its own: the
// largest memory of a process is that of all that it ever did.
#include <sys/wait.h>
#include <unistd.h>

#include <cstdint>
#include <cstdio>
#include <cstring>
#include <string>

#include "absl/status/statusor.h"
#include "core/base/status_matchers.h"
#include "data/candle/nt3_csv.h"
#include "data/candle/nt3_csv_writer.h"
#include "data/dataset.h"
#include "data/synthetic/candle_like.h"
#include "gtest/gtest.h"

namespace reprise {
namespace {

// A line of /proc/self/status, in bytes.
int64_t StatusBytes(const char* name) {
  std::FILE* const file = std::fopen("/proc/self/status", "re");
  char line[256];
  int64_t bytes = -1;
  while (bytes < 0 && std::fgets(line, sizeof(line), file) != nullptr) {
    if (std::strncmp(line, name, std::strlen(name)) != 0) continue;
    long long kilobytes;
    if (std::sscanf(line + std::strlen(name), ": %lld kB", &kilobytes) == 1) {
      bytes = kilobytes * 1024;
    }
  }
  std::fclose(file);
  return bytes;
}

TEST(Nt3Memory, ParsingTakesTheResultAndAtMostATenthMore) {
  const std::string path = ::testing::TempDir() + "/nt_train2.csv";
  {
    const DatasetPair pair = GenerateCandleLike(1, 150, 1);
    REPRISE_ASSERT_OK(WriteNt3Csv(path, *pair.train));
  }
  for (const int threads : {1, 2}) {
    // A child that runs only this starts with the memory that the parent has
    // now. Peak (VmHWM) is of resident pages; the parser maps no file, so what
    // is added is anonymous.
    const pid_t child = fork();
    ASSERT_GE(child, 0);
    if (child == 0) {
      std::FILE* const reset = std::fopen("/proc/self/clear_refs", "we");
      if (reset == nullptr || std::fputs("5", reset) < 0 ||
          std::fclose(reset) != 0) {
        _exit(77);
      }
      const int64_t before = StatusBytes("VmRSS");
      Nt3CsvOptions options;
      options.threads = threads;
      const absl::StatusOr<Nt3Rows> rows = ReadNt3Csv(path, options);
      if (!rows.ok() || rows->labels.size() != 150) _exit(1);
      const int64_t peak = StatusBytes("VmHWM") - before;
      const int64_t result = 150 * int64_t{60483} * 4;
      std::fprintf(stderr, "threads %d: result %lld, peak %lld bytes\n",
                   threads, static_cast<long long>(result),
                   static_cast<long long>(peak));
      // Huge pages end on their boundary.
      _exit(before > 0 && peak <= result + result / 10 + (2 << 20) ? 0 : 2);
    }
    int status = 0;
    ASSERT_EQ(waitpid(child, &status, 0), child);
    ASSERT_TRUE(WIFEXITED(status));
    if (WEXITSTATUS(status) == 77) GTEST_SKIP() << "no /proc/self/clear_refs";
    EXPECT_EQ(WEXITSTATUS(status), 0);
  }
}

// A file that would need 1 TB if its size were trusted: all its text is wrong.
TEST(Nt3Memory, AMalformedFileCostsNoMemory) {
  const std::string text(100 << 20, '\n');
  const int64_t before = StatusBytes("VmRSS");
  for (const int threads : {1, 2}) {
    Nt3CsvOptions options;
    options.threads = threads;
    EXPECT_THAT(ReadNt3Text(text, "text", options),
                FailsWith("text: row 1, column 1 (offset 0): expected a label "
                          "and 60483 numbers, found an empty line"));
  }
  EXPECT_LT(StatusBytes("VmRSS") - before, 8 << 20);
}

}  // namespace
}  // namespace reprise
