#include "data/cifar10/cifar_archive.h"

#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "core/base/file.h"
#include "core/base/status.h"
#include "core/base/status_matchers.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace reprise {
namespace {

using ::testing::AllOf;

// A tar member: header and padded content.
std::string Member(const std::string& name, const std::string& content,
                   char type = '0') {
  std::string header(512, '\0');
  header.replace(0, name.size(), name);
  header.replace(100, 8, absl::StrFormat("%07o%c", 0644, '\0'));
  header.replace(124, 12, absl::StrFormat("%011o%c", content.size(), '\0'));
  header.replace(148, 8, std::string(8, ' '));
  header[156] = type;
  header.replace(257, 8, std::string("ustar  \0", 8));
  unsigned sum = 0;
  for (const char c : header) sum += static_cast<unsigned char>(c);
  header.replace(148, 8, absl::StrFormat("%06o%c ", sum, '\0'));
  return absl::StrCat(header, content,
                      std::string((512 - content.size() % 512) % 512, '\0'));
}

std::string Batch(int label) {
  std::string batch;
  for (int i = 0; i < 2; ++i) {
    batch.push_back(static_cast<char>(label));
    batch.append(3072, static_cast<char>('a' + label));
  }
  return batch;
}

std::string InFolder(const std::string& name) {
  return "cifar-10-batches-bin/" + name;
}

std::string AllBatches() {
  std::string tar;
  for (int i = 1; i <= 5; ++i) {
    tar += Member(InFolder(absl::StrCat("data_batch_", i, ".bin")), Batch(i));
  }
  return tar + Member(InFolder("test_batch.bin"), Batch(0));
}

const std::string& End() {
  static const auto& end = *new std::string(1024, '\0');
  return end;
}

class CifarArchiveTest : public ::testing::Test {
 protected:
  CifarArchiveTest() {
    folder_ = absl::StrCat(
        ::testing::TempDir(), "/",
        ::testing::UnitTest::GetInstance()->current_test_info()->name());
    mkdir(folder_.c_str(), 0755);
    mkdir((folder_ + "/out").c_str(), 0755);
  }

  absl::Status Extract(const std::string& tar) {
    archive_ = folder_ + "/a.tar.gz";
    gzFile file = gzopen(archive_.c_str(), "wb1");
    gzwrite(file, tar.data(), static_cast<unsigned>(tar.size()));
    gzclose(file);
    return ExtractCifarArchive(archive_, folder_ + "/out");
  }

  std::string folder_, archive_;
};

TEST_F(CifarArchiveTest, TakesTheSixBatchesAndSkipsWhatLiesBesideThem) {
  REPRISE_ASSERT_OK(Extract(absl::StrCat(
      Member(InFolder(""), "", '5'), Member(InFolder("readme.html"), "<html>"),
      AllBatches(), End())));
  EXPECT_EQ(ReadWholeFile(folder_ + "/out/data_batch_3.bin").value(), Batch(3));
  EXPECT_EQ(ReadWholeFile(folder_ + "/out/test_batch.bin").value(), Batch(0));
  EXPECT_NE(access((folder_ + "/out/readme.html").c_str(), F_OK), 0);
}

TEST_F(CifarArchiveTest, RefusesEverythingElse) {
  std::string wrong_sum = AllBatches() + End();
  wrong_sum[0] = 'x';
  const std::string folders = "expected only files in cifar-10-batches-bin/";
  const std::vector<std::pair<std::string, std::string>> faults = {
      {Member("../../etc/passwd", "x"), folders},
      {Member("/etc/passwd", "x"), folders},
      {Member("cifar-10-batches-bin/../../x", "x"), folders},
      {Member("cifar-10-batches-bin", "", '5'), folders},
      {Member(InFolder("data_batch_1.bin"), "", '2'), folders},
      {Member(InFolder("data_batch_1.bin"), "", '1'), folders},
      {Member(InFolder("data_batch_1.bin"), "", '3'), folders},
      {Member(InFolder("data_batch_1.bin"), "", 'L'), folders},
      {Member(InFolder("data_batch_1.bin"), "", 'x'), folders},
      {AllBatches() + Member(InFolder("test_batch.bin"), Batch(1)),
       "expected each batch once"},
      {Member(InFolder("test_batch.bin"), Batch(10)),
       "expected a label of 0 to 9, found 10"},
      {Member(InFolder("test_batch.bin"), "short"),
       "a.tar.gz: cifar-10-batches-bin/test_batch.bin: offset 0: expected one "
       "or more records"},
      {Member(InFolder("test_batch.bin"), Batch(1)) + End(),
       "expected cifar-10-batches-bin/data_batch_1.bin, found none"},
      {End(), "expected cifar-10-batches-bin/data_batch_1.bin, found none"},
      {AllBatches(), "more bytes at offset "},
      {AllBatches().substr(0, 5000), "more bytes at offset "},
      {wrong_sum, "expected a tar header, found another checksum"},
      {"", "more bytes at offset "},
  };
  for (const auto& [tar, message] : faults) {
    EXPECT_THAT(Extract(tar),
                AllOf(ExitsWith(ExitCode::kData), FailsWith(message),
                      FailsWith(archive_), FailsWith("; remedy: ")));
  }
}

TEST_F(CifarArchiveTest, RefusesSizesThatNoBatchHas) {
  EXPECT_THAT(Extract(Member(InFolder("x"), std::string(65 << 20, 'x'))),
              FailsWith("expected sizes of up to 64 MiB"));
}

TEST_F(CifarArchiveTest, NamesATruncatedAndAMissingArchive) {
  REPRISE_ASSERT_OK(Extract(AllBatches() + End()));
  const std::string content = ReadWholeFile(archive_).value();
  REPRISE_ASSERT_OK(
      ReplaceFile(archive_, {content.substr(0, content.size() / 2)}));
  EXPECT_THAT(
      ExtractCifarArchive(archive_, folder_ + "/out"),
      AllOf(ExitsWith(ExitCode::kData), FailsWith("more bytes at offset ")));
  EXPECT_THAT(ExtractCifarArchive(folder_ + "/none", folder_ + "/out"),
              FailsWith("none: expected a readable file"));
}

}  // namespace
}  // namespace reprise
