// A message of protocol buffers, field by field, in the wire format
// (protobuf.dev/programming-guides/encoding). TensorBoard's messages need four
// kinds of fields of it; the library would add minutes to a build.
#ifndef REPRISE_CORE_METRICS_TENSORBOARD_WIRE_MESSAGE_H_
#define REPRISE_CORE_METRICS_TENSORBOARD_WIRE_MESSAGE_H_

#include <cstdint>
#include <string>

#include "absl/strings/string_view.h"

namespace reprise {

// Fields stand in the order of the calls; of a repeated field each call adds
// one. Values are written also where they are the type's default.
class WireMessage {
 public:
  // int32, int64, enum, bool. Negative ones as ten bytes.
  WireMessage& Integer(int field, int64_t value);
  WireMessage& Float(int field, float value);
  WireMessage& Double(int field, double value);
  // string, bytes. proto3 wants a string in UTF-8: the caller's to see to.
  WireMessage& Bytes(int field, absl::string_view value);
  WireMessage& Message(int field, const WireMessage& value) {
    return Bytes(field, value.bytes());
  }

  const std::string& bytes() const { return bytes_; }

 private:
  void Varint(uint64_t value);
  void Tag(int field, int wire_type);

  std::string bytes_;
};

}  // namespace reprise

#endif  // REPRISE_CORE_METRICS_TENSORBOARD_WIRE_MESSAGE_H_
