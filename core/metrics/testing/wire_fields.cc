#include "core/metrics/testing/wire_fields.h"

#include <cstring>

#include "absl/strings/str_cat.h"
#include "core/base/status.h"

namespace reprise {
namespace {

// Takes a varint off; false where there is none.
bool TakeVarint(absl::string_view& bytes, uint64_t& value) {
  value = 0;
  for (int shift = 0; shift < 64 && !bytes.empty(); shift += 7) {
    const uint8_t byte = static_cast<uint8_t>(bytes[0]);
    bytes.remove_prefix(1);
    value += uint64_t{byte % 128u} << shift;
    if (byte < 128) return true;
  }
  return false;
}

template <typename Number>
bool TakeNumber(absl::string_view& bytes, double& value) {
  Number number;
  if (bytes.size() < sizeof(number)) return false;
  std::memcpy(&number, bytes.data(), sizeof(number));
  bytes.remove_prefix(sizeof(number));
  value = number;
  return true;
}

bool TakeField(int wire_type, absl::string_view& bytes, WireField& field) {
  uint64_t length;
  switch (wire_type) {
    case 0:
      return TakeVarint(bytes, field.integer);
    case 1:
      return TakeNumber<double>(bytes, field.number);
    case 2:
      if (!TakeVarint(bytes, length) || length > bytes.size()) return false;
      field.bytes = std::string(bytes.substr(0, length));
      bytes.remove_prefix(length);
      return true;
    case 5:
      return TakeNumber<float>(bytes, field.number);
    default:
      return false;
  }
}

}  // namespace

absl::StatusOr<WireFields> ReadWireFields(absl::string_view bytes) {
  WireFields fields;
  const size_t size = bytes.size();
  while (!bytes.empty()) {
    const size_t offset = size - bytes.size();
    uint64_t tag;
    WireField field;
    if (!TakeVarint(bytes, tag) ||
        !TakeField(static_cast<int>(tag % 8), bytes, field)) {
      return DataError(absl::StrCat("offset ", offset, ": no field"));
    }
    fields[static_cast<int>(tag / 8)].push_back(field);
  }
  return fields;
}

}  // namespace reprise
