#include "core/metrics/testing/event_file.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "core/base/status.h"
#include "core/metrics/testing/wire_fields.h"

namespace reprise {
namespace {

uint32_t MaskedCrc(absl::string_view bytes) {
  uint32_t crc = 0xffffffff;
  for (const char byte : bytes) {
    for (int bit = 0; bit < 8; ++bit) {
      const bool differs =
          ((crc ^ (static_cast<uint8_t>(byte) >> bit)) & 1) != 0;
      crc = crc / 2;
      if (differs) crc ^= 0x82f63b78;
    }
  }
  crc = ~crc;
  return (crc / 0x8000 + crc * 0x20000) + 0xa282ead8;
}

uint64_t LittleEndian(absl::string_view bytes) {
  uint64_t value = 0;
  for (size_t i = bytes.size(); i > 0; --i) {
    value = value * 256 + static_cast<uint8_t>(bytes[i - 1]);
  }
  return value;
}

// The fields of `parent`'s field `number`; none where it has no such field.
absl::StatusOr<WireFields> FieldsOf(WireFields& parent, int number) {
  if (parent[number].empty()) return WireFields();
  return ReadWireFields(parent[number][0].bytes);
}

std::string TextOf(WireFields& parent, int number) {
  return parent[number].empty() ? "" : parent[number][0].bytes;
}

absl::StatusOr<EventValue> ReadValue(absl::string_view bytes) {
  REPRISE_ASSIGN_OR_RETURN(WireFields fields, ReadWireFields(bytes));
  REPRISE_ASSIGN_OR_RETURN(WireFields image, FieldsOf(fields, 4));
  REPRISE_ASSIGN_OR_RETURN(WireFields tensor, FieldsOf(fields, 8));
  REPRISE_ASSIGN_OR_RETURN(WireFields metadata, FieldsOf(fields, 9));
  REPRISE_ASSIGN_OR_RETURN(WireFields plugin, FieldsOf(metadata, 1));
  EventValue value;
  value.tag = TextOf(fields, 1);
  if (!fields[2].empty()) value.scalar = fields[2][0].number;
  value.png = TextOf(image, 4);
  value.text = TextOf(tensor, 8);
  value.plugin = TextOf(plugin, 1);
  value.content = TextOf(plugin, 2);
  value.description = TextOf(metadata, 3);
  return value;
}

absl::StatusOr<FileEvent> ReadEvent(absl::string_view bytes) {
  REPRISE_ASSIGN_OR_RETURN(WireFields fields, ReadWireFields(bytes));
  REPRISE_ASSIGN_OR_RETURN(WireFields summary, FieldsOf(fields, 5));
  FileEvent event;
  if (!fields[1].empty()) event.wall_time = fields[1][0].number;
  if (!fields[2].empty()) {
    event.step = static_cast<int64_t>(fields[2][0].integer);
  }
  event.file_version = TextOf(fields, 3);
  for (const WireField& value : summary[1]) {
    REPRISE_ASSIGN_OR_RETURN(EventValue read, ReadValue(value.bytes));
    event.values.push_back(std::move(read));
  }
  return event;
}

}  // namespace

absl::StatusOr<std::vector<FileEvent>> ReadEvents(absl::string_view bytes) {
  constexpr size_t kHeader = 12, kFooter = 4;
  std::vector<FileEvent> events;
  for (size_t at = 0; at < bytes.size();) {
    const absl::string_view rest = bytes.substr(at);
    const auto fault = [&](absl::string_view what) {
      return DataError(absl::StrCat("offset ", at, ": ", what));
    };
    if (rest.size() < kHeader + kFooter) return fault("a cut record");
    const uint64_t length = LittleEndian(rest.substr(0, 8));
    if (LittleEndian(rest.substr(8, 4)) != MaskedCrc(rest.substr(0, 8))) {
      return fault("the length has another CRC");
    }
    if (rest.size() - kHeader - kFooter < length) return fault("a cut record");
    const absl::string_view data = rest.substr(kHeader, length);
    if (LittleEndian(rest.substr(kHeader + length, 4)) != MaskedCrc(data)) {
      return fault("the data has another CRC");
    }
    absl::StatusOr<FileEvent> event = ReadEvent(data);
    if (!event.ok()) return fault(event.status().message());
    events.push_back(*std::move(event));
    at += kHeader + length + kFooter;
  }
  return events;
}

}  // namespace reprise
