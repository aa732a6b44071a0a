#include "data/mnist/idx.h"

#include <linux/capability.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>
#include <zlib.h>

#include <cstdint>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "core/base/file.h"
#include "core/base/status.h"
#include "core/base/status_matchers.h"
#include "data/mnist/idx_writer.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace reprise {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;

class IdxTest : public ::testing::Test {
 protected:
  IdxTest() {
    folder_ = absl::StrCat(
        ::testing::TempDir(), "/",
        ::testing::UnitTest::GetInstance()->current_test_info()->name());
    mkdir(folder_.c_str(), 0755);
  }

  std::string Path(const std::string& name) const {
    return absl::StrCat(folder_, "/", name);
  }

  std::string Write(const std::string& name, const std::string& content) {
    EXPECT_THAT(ReplaceFile(Path(name), {content}), IsOk());
    return Path(name);
  }

  std::string folder_;
};

std::string BigEndian(uint32_t value) {
  return {static_cast<char>(value >> 24), static_cast<char>(value >> 16),
          static_cast<char>(value >> 8), static_cast<char>(value)};
}

std::string IdxContent(uint32_t magic, const std::vector<uint32_t>& sizes,
                       const std::string& payload) {
  std::string content = BigEndian(magic);
  for (const uint32_t size : sizes) content += BigEndian(size);
  return content + payload;
}

const char kPayload[] = "abcdefghijkl";  // 12 bytes

std::string Images() { return IdxContent(0x803, {3, 2, 2}, kPayload); }

// What WriteIdx makes of the same array.
std::string CompressedImages(const std::string& path) {
  std::vector<std::byte> bytes;
  for (const char c : std::string(kPayload)) {
    bytes.push_back(static_cast<std::byte>(c));
  }
  EXPECT_THAT(WriteIdx(path, {3, 2, 2}, bytes), IsOk());
  return ReadWholeFile(path).value();
}

std::string TextOf(const IdxArray& array) {
  return {reinterpret_cast<const char*>(array.bytes.data()),
          array.bytes.size()};
}

TEST_F(IdxTest, ReadsSizesAndBytes) {
  REPRISE_ASSERT_OK_AND_ASSIGN(const IdxArray images,
                               ReadIdx(Write("images", Images()), 3));
  EXPECT_THAT(images.sizes, ElementsAre(3, 2, 2));
  EXPECT_EQ(TextOf(images), kPayload);
  REPRISE_ASSERT_OK_AND_ASSIGN(
      const IdxArray labels,
      ReadIdx(Write("labels", IdxContent(0x801, {2}, "xy")), 1));
  EXPECT_THAT(labels.sizes, ElementsAre(2));
  EXPECT_EQ(TextOf(labels), "xy");
}

TEST_F(IdxTest, ReadsWhatWriterWrotePlainAndCompressed) {
  for (const char* name : {"plain", "small.gz"}) {
    CompressedImages(Path(name));
    REPRISE_ASSERT_OK_AND_ASSIGN(const IdxArray images, ReadIdx(Path(name), 3));
    EXPECT_THAT(images.sizes, ElementsAre(3, 2, 2));
    EXPECT_EQ(TextOf(images), kPayload);
  }
  EXPECT_EQ(ReadWholeFile(Path("plain")).value(), Images());
}

// Larger than the inflater's input window and the first allocation.
TEST_F(IdxTest, ReadsAFileOfManyPieces) {
  std::vector<std::byte> bytes(100 << 20);
  uint32_t state = 1;
  for (size_t i = 0; i < bytes.size(); i += 97) {
    state = state * 1664525 + 1013904223;
    bytes[i] = static_cast<std::byte>(state >> 24);
  }
  const int64_t size = static_cast<int64_t>(bytes.size());
  REPRISE_ASSERT_OK(WriteIdx(Path("large.gz"), {size}, bytes));
  REPRISE_ASSERT_OK_AND_ASSIGN(const IdxArray array,
                               ReadIdx(Path("large.gz"), 1));
  EXPECT_TRUE(array.bytes == bytes);
}

TEST_F(IdxTest, DigestIsTheCrcOfTheFileAsStored) {
  const std::string compressed = CompressedImages(Path("a.gz"));
  for (const auto& [name, content] :
       {std::make_pair(std::string("plain"), Images()),
        std::make_pair(std::string("a.gz"), compressed)}) {
    REPRISE_ASSERT_OK_AND_ASSIGN(const IdxArray array,
                                 ReadIdx(Write(name, content), 3));
    const uLong crc = crc32(crc32(0, nullptr, 0),
                            reinterpret_cast<const Bytef*>(content.data()),
                            static_cast<uInt>(content.size()));
    EXPECT_EQ(array.digest, absl::StrFormat("crc32:%08x", crc));
  }
}

TEST_F(IdxTest, FollowsALinkToAFile) {
  Write("file", Images());
  ASSERT_EQ(symlink("file", Path("link").c_str()), 0);
  REPRISE_EXPECT_OK(ReadIdx(Path("link"), 3));
}

struct Fault {
  const char* name;
  std::string content;
  const char* message;  // from the offset on
};

TEST_F(IdxTest, NamesFileOffsetExpectedFoundAndRemedyOfEveryFault) {
  const std::string compressed = CompressedImages(Path("x.gz"));
  std::string wrong_crc = compressed;
  wrong_crc[compressed.size() - 8] ^= 1;
  const Fault faults[] = {
      {"wrong", IdxContent(0x12345678, {3, 2, 2}, kPayload),
       "offset 0: expected the magic number 0x00000803 (unsigned bytes, 3 "
       "dimensions), found 0x12345678; remedy: replace it with an intact copy"},
      {"swapped", IdxContent(0x801, {12}, kPayload),
       "found 0x00000801 (an IDX label file); remedy: exchange the swapped "
       "files"},
      {"little_endian", IdxContent(0x03080000, {3, 2, 2}, kPayload),
       "found 0x03080000; remedy"},
      {"empty", "",
       "offset 0: expected an IDX header of 16 bytes, found the "
       "end of the content; remedy: "},
      {"half_header", Images().substr(0, 9),
       "offset 9: expected an IDX header of 16 bytes, found the end"},
      {"zero_size", IdxContent(0x803, {3, 0, 2}, ""),
       "offset 8: expected a positive size of dimension 1, found 0; remedy: "},
      {"huge_size", IdxContent(0x803, {0xFFFFFFFF, 28, 28}, kPayload),
       "offset 4: expected sizes that a content of at most 28 bytes can have, "
       "found 4294967295 in dimension 0; remedy: "},
      {"overflowing_sizes",
       IdxContent(0x803, {0x80000000, 0x80000000, 0x80000000}, kPayload),
       "in dimension 0; remedy: "},
      {"truncated", Images().substr(0, 27),
       "offset 27: expected 12 bytes after the header (3 x 2 x 2), found 11: "
       "it is truncated; remedy: "},
      {"extended", Images() + "z",
       "offset 28: expected the end after 12 bytes (3 x 2 x 2), found more; "
       "remedy: "},
      {"compressed_without_gz", compressed,
       "offset 0: expected uncompressed IDX data (00 00 08), as the name says, "
       "found a gzip stream (1f 8b); remedy: add .gz to its name"},
      {"raw.gz", Images(),
       "stored offset 0: expected a gzip stream (1f 8b), as the name says, "
       "found 00 00; remedy: if it is not compressed, remove .gz"},
      {"empty.gz", "", "found an empty file; remedy: "},
      {"truncated.gz", compressed.substr(0, compressed.size() - 12),
       ": expected the gzip stream to go on, found the end of the file: it is "
       "truncated; remedy: "},
      {"no_trailer.gz", compressed.substr(0, compressed.size() - 1),
       "found the end of the file: it is truncated; remedy: "},
      {"wrong_crc.gz", wrong_crc,
       "expected an intact gzip stream, found a corrupt one (incorrect data "
       "check); remedy: "},
      {"extended.gz", compressed + "z",
       "expected the end of the file after the gzip stream, found more bytes; "
       "remedy: "},
      {"two_members.gz", compressed + compressed,
       "expected the end of the file after the gzip stream, found more"},
  };
  for (const Fault& fault : faults) {
    const auto result = ReadIdx(Write(fault.name, fault.content), 3);
    EXPECT_THAT(result, ExitsWith(ExitCode::kData)) << fault.name;
    EXPECT_THAT(result, FailsWith(fault.message)) << fault.name;
    EXPECT_THAT(result, FailsWith(Path(fault.name))) << fault.name;
  }
}

TEST_F(IdxTest, ACompressedFileThatClaimsTooMuchFailsBeforeItIsInflated) {
  // 100 zero bytes, said to be 4 Gi x 4 Gi x 1.
  std::vector<std::byte> content(100);
  const std::string header = IdxContent(0x803, {0xFFFFFFFF, 0xFFFFFFFF, 1}, "");
  const std::string path = Path("claims.gz");
  gzFile file = gzopen(path.c_str(), "wb");
  gzwrite(file, header.data(), static_cast<unsigned>(header.size()));
  gzwrite(file, content.data(), 100);
  gzclose(file);
  EXPECT_THAT(ReadIdx(path, 3), FailsWith("in dimension 0; remedy: "));
}

TEST_F(IdxTest, NamesMissingDanglingFolderAndUnreadableFiles) {
  EXPECT_THAT(ReadIdx(Path("none"), 3),
              AllOf(ExitsWith(ExitCode::kData),
                    FailsWith("none: expected a readable file, found an error "
                              "on opening it: No such file")));
  ASSERT_EQ(symlink("nowhere", Path("dangling").c_str()), 0);
  EXPECT_THAT(ReadIdx(Path("dangling"), 3),
              AllOf(ExitsWith(ExitCode::kData),
                    FailsWith("dangling: expected a readable file, found a "
                              "symbolic link whose target does not exist; "
                              "remedy: ")));
  ASSERT_EQ(symlink("loop", Path("loop").c_str()), 0);
  EXPECT_THAT(ReadIdx(Path("loop"), 3), FailsWith("symbolic links"));
  EXPECT_THAT(ReadIdx(folder_, 3),
              AllOf(ExitsWith(ExitCode::kData),
                    FailsWith("expected a file, found a folder; remedy: ")));
  ASSERT_EQ(mkfifo(Path("pipe").c_str(), 0644), 0);
  EXPECT_THAT(ReadIdx(Path("pipe"), 3), FailsWith("found a device or pipe"));
}

// While it lives, file permissions hold for this thread also if it is root's.
class AsAnybody {
 public:
  AsAnybody() {
    EXPECT_EQ(syscall(SYS_capget, &header_, before_), 0);
    __user_cap_data_struct reduced[_LINUX_CAPABILITY_U32S_3] = {before_[0],
                                                                before_[1]};
    reduced[0].effective &=
        ~((1u << CAP_DAC_OVERRIDE) | (1u << CAP_DAC_READ_SEARCH));
    EXPECT_EQ(syscall(SYS_capset, &header_, reduced), 0);
  }
  ~AsAnybody() { EXPECT_EQ(syscall(SYS_capset, &header_, before_), 0); }

 private:
  __user_cap_header_struct header_ = {_LINUX_CAPABILITY_VERSION_3, 0};
  __user_cap_data_struct before_[_LINUX_CAPABILITY_U32S_3] = {};
};

TEST_F(IdxTest, NamesAFileThatThisUserMayNotRead) {
  const std::string path = Write("secret", Images());
  ASSERT_EQ(chmod(path.c_str(), 0), 0);
  const AsAnybody not_root;
  const auto result = ReadIdx(path, 3);
  EXPECT_THAT(result, ExitsWith(ExitCode::kData));
  EXPECT_THAT(result, FailsWith("secret: expected a readable file, found an "
                                "error on opening it: Permission denied"));
}

// Whatever one byte becomes and wherever the file ends: an error, or the array.
TEST_F(IdxTest, SurvivesEveryFlippedByteAndEveryTruncation) {
  const std::string originals[] = {Images(), CompressedImages(Path("o.gz"))};
  const char* names[] = {"mutated", "mutated.gz"};
  for (int i = 0; i < 2; ++i) {
    const std::string& original = originals[i];
    int errors = 0;
    for (size_t at = 0; at < original.size(); ++at) {
      for (const int flip : {0x01, 0x80, 0xFF}) {
        std::string content = original;
        content[at] = static_cast<char>(content[at] ^ flip);
        const auto result = ReadIdx(Write(names[i], content), 3);
        if (result.ok()) {
          // Compressed content is covered by gzip's checksum.
          EXPECT_TRUE(i == 0 || TextOf(*result) == kPayload) << at;
          EXPECT_EQ(result->bytes.size(), 12u);
        } else {
          EXPECT_THAT(result, ExitsWith(ExitCode::kData)) << at;
          ++errors;
        }
      }
      EXPECT_THAT(ReadIdx(Write(names[i], original.substr(0, at)), 3),
                  ExitsWith(ExitCode::kData))
          << "cut at " << at;
    }
    EXPECT_GE(errors, 16);
  }
}

}  // namespace
}  // namespace reprise
