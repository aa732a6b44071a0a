#include "core/metrics/tensorboard/wire_message.h"

#include <cstring>

namespace reprise {
namespace {

enum WireType { kVarint = 0, kFixed64 = 1, kLengthDelimited = 2, kFixed32 = 5 };

template <typename Bits, typename Value>
void AppendFixed(Value value, std::string& bytes) {
  static_assert(sizeof(Bits) == sizeof(Value));
  Bits bits;
  std::memcpy(&bits, &value, sizeof(bits));
  for (size_t i = 0; i < sizeof(bits); ++i) {
    bytes.push_back(static_cast<char>(bits >> (8 * i)));
  }
}

}  // namespace

void WireMessage::Varint(uint64_t value) {
  for (; value >= 0x80; value >>= 7) {
    bytes_.push_back(static_cast<char>(value | 0x80));
  }
  bytes_.push_back(static_cast<char>(value));
}

void WireMessage::Tag(int field, int wire_type) {
  Varint(static_cast<uint64_t>(field) << 3 | static_cast<uint64_t>(wire_type));
}

WireMessage& WireMessage::Integer(int field, int64_t value) {
  Tag(field, kVarint);
  Varint(static_cast<uint64_t>(value));
  return *this;
}

WireMessage& WireMessage::Float(int field, float value) {
  Tag(field, kFixed32);
  AppendFixed<uint32_t>(value, bytes_);
  return *this;
}

WireMessage& WireMessage::Double(int field, double value) {
  Tag(field, kFixed64);
  AppendFixed<uint64_t>(value, bytes_);
  return *this;
}

WireMessage& WireMessage::Bytes(int field, absl::string_view value) {
  Tag(field, kLengthDelimited);
  Varint(value.size());
  bytes_.append(value.data(), value.size());
  return *this;
}

}  // namespace reprise
