#include "core/metrics/tensorboard/tf_record.h"

#include <string>

#include "absl/strings/escaping.h"
#include "gtest/gtest.h"

namespace reprise {
namespace {

// RFC 3720, appendix B.4.
TEST(Crc32cTest, IsThatOfTheStandardsExamples) {
  EXPECT_EQ(Crc32c(""), 0u);
  EXPECT_EQ(Crc32c(std::string(32, '\0')), 0x8a9136aau);
  EXPECT_EQ(Crc32c(std::string(32, '\xff')), 0x62a8ab43u);
  std::string ascending, descending;
  for (int i = 0; i < 32; ++i) {
    ascending.push_back(static_cast<char>(i));
    descending.push_back(static_cast<char>(31 - i));
  }
  EXPECT_EQ(Crc32c(ascending), 0x46dd794eu);
  EXPECT_EQ(Crc32c(descending), 0x113fdb5cu);
  EXPECT_EQ(Crc32c("123456789"), 0xe3069283u);
}

TEST(TfRecordTest, IsLengthAndDataEachWithItsMaskedCrc) {
  // As tensorboard.summary.writer.record_writer.RecordWriter writes "abc".
  EXPECT_EQ(absl::BytesToHexString(TfRecord("abc")),
            "0300000000000000b099490e6162636e57f121");
  EXPECT_EQ(TfRecord("").size(), 16u);
}

}  // namespace
}  // namespace reprise
