#include "core/buffer/exchange_codec.h"

#include <cstring>

#include "absl/strings/str_cat.h"
#include "core/base/status.h"

namespace reprise {
namespace {

// The header as it is sent; labels follow at once.
struct WireHeader {
  int64_t task_and_step;
  uint64_t digest;
};
static_assert(sizeof(WireHeader) == 16);

constexpr int64_t RoundUp8(int64_t bytes) { return (bytes + 7) / 8 * 8; }

// Ids and labels are copied, not cast to: the buffer is raw bytes, in which no
// object of these types lives.
template <typename T>
T Read(const std::byte* from) {
  T value;
  std::memcpy(&value, from, sizeof(value));
  return value;
}

}  // namespace

int32_t ExchangeMessage::label(int64_t number) const {
  return Read<int32_t>(labels_ + number * sizeof(int32_t));
}

int64_t ExchangeMessage::id(int64_t record) const {
  return Read<int64_t>(records_ + record * record_bytes_);
}

const std::byte* ExchangeMessage::row(int64_t record) const {
  return records_ + record * record_bytes_ + sizeof(int64_t);
}

int64_t ExchangeCodec::HeadBytes(int64_t labels) const {
  return RoundUp8(sizeof(WireHeader) + labels * sizeof(int32_t));
}

int64_t ExchangeCodec::RecordBytes() const {
  return sizeof(int64_t) + RoundUp8(row_bytes_);
}

int64_t ExchangeCodec::MessageBytes(int64_t labels, int64_t records) const {
  return HeadBytes(labels) + records * RecordBytes();
}

void ExchangeCodec::EncodeHead(const ExchangeHeader& header,
                               const std::vector<int32_t>& labels,
                               std::byte* message) const {
  const WireHeader wire = {header.task << 32 | header.step, header.digest};
  std::memcpy(message, &wire, sizeof(wire));
  // memcpy of nothing wants a valid pointer all the same.
  if (labels.empty()) return;
  std::memcpy(message + sizeof(wire), labels.data(),
              labels.size() * sizeof(int32_t));
}

std::byte* ExchangeCodec::EncodeRecord(int64_t labels, int64_t number,
                                       int64_t id, std::byte* message) const {
  std::byte* const record =
      message + HeadBytes(labels) + number * RecordBytes();
  std::memcpy(record, &id, sizeof(id));
  return record + sizeof(id);
}

absl::StatusOr<ExchangeMessage> ExchangeCodec::Decode(
    absl::Span<const std::byte> bytes, int64_t labels, int64_t records) const {
  const int64_t size = static_cast<int64_t>(bytes.size());
  // Counts that cannot fit are refused before they are multiplied: a product
  // that overflows could equal the size.
  const bool may_fit = labels >= 0 && records >= 0 &&
                       labels <= size / int64_t{sizeof(int32_t)} &&
                       records <= size / RecordBytes();
  if (!may_fit || size != MessageBytes(labels, records)) {
    return DistributedError(
        absl::StrCat("a message of the rehearsal buffer has ", size,
                     " bytes, which is not one of ", labels, " labels and ",
                     records, " records of ", RecordBytes(), " bytes"));
  }
  const WireHeader wire = Read<WireHeader>(bytes.data());
  ExchangeMessage message;
  message.header_ = {wire.task_and_step >> 32, wire.task_and_step & 0xffffffff,
                     wire.digest};
  message.labels_ = bytes.data() + sizeof(wire);
  message.records_ = bytes.data() + HeadBytes(labels);
  message.record_bytes_ = RecordBytes();
  return message;
}

}  // namespace reprise
