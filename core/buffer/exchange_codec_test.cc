#include "core/buffer/exchange_codec.h"

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <limits>
#include <vector>

#include "absl/types/span.h"
#include "core/base/status.h"
#include "core/base/status_matchers.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace reprise {
namespace {

constexpr int64_t kMost = std::numeric_limits<int64_t>::max();

struct Record {
  int64_t id;
  std::vector<std::byte> row;
};

// Exactly as long as its message, so AddressSanitizer sees a read beyond.
std::vector<std::byte> Encode(const ExchangeCodec& codec,
                              const ExchangeHeader& header,
                              const std::vector<int32_t>& labels,
                              const std::vector<Record>& records) {
  const int64_t num_labels = static_cast<int64_t>(labels.size());
  std::vector<std::byte> message(codec.MessageBytes(num_labels, records.size()),
                                 std::byte{0xee});
  codec.EncodeHead(header, labels, message.data());
  for (size_t i = 0; i < records.size(); ++i) {
    std::byte* const row =
        codec.EncodeRecord(num_labels, i, records[i].id, message.data());
    if (!records[i].row.empty()) {
      std::memcpy(row, records[i].row.data(), records[i].row.size());
    }
  }
  return message;
}

std::vector<std::byte> Row(int64_t bytes, int fill) {
  return std::vector<std::byte>(bytes, std::byte(fill));
}

TEST(ExchangeCodec, DecodesWhatItEncodedOfRowsOfAnyLength) {
  for (const int64_t row_bytes : {1, 7, 8, 9, 784}) {
    for (const int64_t labels : {0, 1, 2, 5}) {
      for (const int64_t records : {0, 1, 4}) {
        const ExchangeCodec codec(row_bytes);
        std::vector<int32_t> sent_labels;
        for (int64_t i = 0; i < labels; ++i) sent_labels.push_back(70 - i);
        std::vector<Record> sent;
        for (int64_t i = 0; i < records; ++i) {
          sent.push_back({(int64_t{1} << 40) + i, Row(row_bytes, i + 1)});
        }
        const ExchangeHeader header = {3, 0xfffffffe, 0x8000000000000001};
        const std::vector<std::byte> bytes =
            Encode(codec, header, sent_labels, sent);
        REPRISE_ASSERT_OK_AND_ASSIGN(const ExchangeMessage message,
                                     codec.Decode(bytes, labels, records));
        EXPECT_EQ(message.header(), header);
        for (int64_t i = 0; i < labels; ++i) {
          EXPECT_EQ(message.label(i), sent_labels[i]);
        }
        for (int64_t i = 0; i < records; ++i) {
          EXPECT_EQ(message.id(i), sent[i].id);
          EXPECT_EQ(std::vector<std::byte>(message.row(i),
                                           message.row(i) + row_bytes),
                    sent[i].row);
        }
      }
    }
  }
}

// What runs of different builds send each other stays the same.
TEST(ExchangeCodec, LaysBytesOutAsItsTableSays) {
  const ExchangeCodec codec(3);
  const std::vector<std::byte> bytes =
      Encode(codec, {1, 2, 5}, {7, 8, 9}, {{11, Row(3, 1)}, {12, Row(3, 2)}});
  ASSERT_EQ(bytes.size(), 32u + 2 * 16);
  const auto int64_at = [&](int64_t offset) {
    int64_t value;
    std::memcpy(&value, bytes.data() + offset, sizeof(value));
    return value;
  };
  const auto int32_at = [&](int64_t offset) {
    int32_t value;
    std::memcpy(&value, bytes.data() + offset, sizeof(value));
    return value;
  };
  EXPECT_EQ(int64_at(0), (int64_t{1} << 32) + 2);
  EXPECT_EQ(int64_at(8), 5);
  EXPECT_EQ(int32_at(16), 7);
  EXPECT_EQ(int32_at(24), 9);
  EXPECT_EQ(int64_at(32), 11);
  EXPECT_EQ(bytes[40], std::byte{1});
  EXPECT_EQ(int64_at(48), 12);
  EXPECT_EQ(bytes[58], std::byte{2});
}

TEST(ExchangeCodec, BeginsMessagesAndRowsOnMultiplesOfEight) {
  for (const int64_t row_bytes : {0, 1, 12, 64}) {
    const ExchangeCodec codec(row_bytes);
    for (int64_t labels = 0; labels < 5; ++labels) {
      EXPECT_EQ(codec.MessageBytes(labels, 3) % 8, 0);
      std::vector<std::byte> message(codec.MessageBytes(labels, 3));
      EXPECT_EQ(
          (codec.EncodeRecord(labels, 2, 0, message.data()) - message.data()) %
              8,
          0);
    }
  }
}

TEST(ExchangeCodec, OfRowsThatGoOnTheirOwnSendsIdsOnly) {
  const ExchangeCodec codec(0);
  EXPECT_EQ(codec.MessageBytes(2, 5), 24 + 5 * 8);
  const std::vector<std::byte> bytes =
      Encode(codec, {}, {1, 2}, {{10, {}}, {11, {}}});
  REPRISE_ASSERT_OK_AND_ASSIGN(const ExchangeMessage message,
                               codec.Decode(bytes, 2, 2));
  EXPECT_EQ(message.id(1), 11);
}

TEST(ExchangeCodec, RefusesEveryOtherLength) {
  const ExchangeCodec codec(5);
  const std::vector<std::byte> bytes =
      Encode(codec, {}, {1, 2, 3}, {{10, Row(5, 1)}, {11, Row(5, 2)}});
  const absl::Span<const std::byte> all = bytes;
  for (size_t size = 0; size < bytes.size(); ++size) {
    const std::vector<std::byte> cut(bytes.begin(), bytes.begin() + size);
    const absl::Status status = codec.Decode(cut, 3, 2).status();
    EXPECT_THAT(status, ExitsWith(ExitCode::kDistributed)) << size;
    EXPECT_THAT(status, FailsWith(" bytes, which is not one of 3 labels and 2 "
                                  "records of 16 bytes"));
  }
  std::vector<std::byte> longer = bytes;
  longer.resize(bytes.size() + 8);
  EXPECT_FALSE(codec.Decode(longer, 3, 2).ok());
  EXPECT_FALSE(codec.Decode(all, 3, 1).ok());
  EXPECT_FALSE(codec.Decode(all, 3, 3).ok());
  EXPECT_FALSE(codec.Decode(all, 5, 2).ok());
}

TEST(ExchangeCodec, RefusesCountsThatAreNegativeOrOverflow) {
  const ExchangeCodec codec(8);
  const std::vector<std::byte> bytes = Encode(codec, {}, {1}, {});
  ASSERT_EQ(bytes.size(), 24u);
  REPRISE_EXPECT_OK(codec.Decode(bytes, 1, 0).status());
  for (const int64_t count :
       {int64_t{-1}, -kMost - 1, kMost, kMost / 4, kMost / 16 + 1,
        // 2^60 records of 16 bytes: 2^64, which is 0 once it has overflowed.
        int64_t{1} << 60, int64_t{1} << 62}) {
    EXPECT_FALSE(codec.Decode(bytes, count, 0).ok()) << count;
    EXPECT_FALSE(codec.Decode(bytes, 1, count).ok()) << count;
    EXPECT_FALSE(codec.Decode({}, count, count).ok()) << count;
  }
}

}  // namespace
}  // namespace reprise
