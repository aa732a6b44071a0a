#include "core/metrics/tensorboard/wire_message.h"

#include <cstdint>
#include <limits>
#include <string>

#include "core/base/status_matchers.h"
#include "core/metrics/testing/wire_fields.h"
#include "gtest/gtest.h"

namespace reprise {
namespace {

// The examples of protobuf.dev/programming-guides/encoding.
TEST(WireMessageTest, WritesTheBytesOfTheSpecificationsExamples) {
  EXPECT_EQ(WireMessage().Integer(1, 150).bytes(), "\x08\x96\x01");
  EXPECT_EQ(WireMessage().Bytes(2, "testing").bytes(), "\x12\x07testing");
  EXPECT_EQ(WireMessage().Message(3, WireMessage().Integer(1, 150)).bytes(),
            "\x1a\x03\x08\x96\x01");
  EXPECT_EQ(WireMessage().Integer(1, -2).bytes(),
            "\x08\xfe\xff\xff\xff\xff\xff\xff\xff\xff\x01");
}

TEST(WireMessageTest, EveryKindOfFieldReadsBack) {
  WireMessage message;
  message.Double(1, 0.1)
      .Integer(2, std::numeric_limits<int64_t>::max())
      .Float(3, 0.1f)
      .Bytes(16, std::string(300, 'x'))
      .Bytes(16, "")
      .Integer(2047, 0);
  REPRISE_ASSERT_OK_AND_ASSIGN(WireFields fields,
                               ReadWireFields(message.bytes()));
  EXPECT_EQ(fields[1][0].number, 0.1);
  EXPECT_EQ(fields[2][0].integer, uint64_t{0x7fffffffffffffff});
  EXPECT_EQ(fields[3][0].number, 0.1f);
  ASSERT_EQ(fields[16].size(), 2u);
  EXPECT_EQ(fields[16][0].bytes, std::string(300, 'x'));
  EXPECT_EQ(fields[16][1].bytes, "");
  EXPECT_EQ(fields[2047][0].integer, 0u);
}

}  // namespace
}  // namespace reprise
