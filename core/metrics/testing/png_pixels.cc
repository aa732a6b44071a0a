#include "core/metrics/testing/png_pixels.h"

#include <string>

#include "absl/strings/match.h"
#include "core/base/status.h"
#include "zlib.h"

namespace reprise {
namespace {

uint32_t BigEndian(absl::string_view bytes) {
  uint32_t value = 0;
  for (const char byte : bytes.substr(0, 4)) {
    value = value * 256 + static_cast<uint8_t>(byte);
  }
  return value;
}

// PNG's CRC-32, bit by bit.
uint32_t Crc(absl::string_view bytes) {
  uint32_t crc = 0xffffffff;
  for (const char byte : bytes) {
    crc ^= static_cast<uint8_t>(byte);
    for (int bit = 0; bit < 8; ++bit) {
      crc = crc % 2 == 0 ? crc / 2 : crc / 2 ^ 0xedb88320;
    }
  }
  return ~crc;
}

}  // namespace

absl::StatusOr<PngPixels> ReadPng(absl::string_view bytes) {
  constexpr absl::string_view kSignature("\x89PNG\r\n\x1a\n", 8);
  if (!absl::StartsWith(bytes, kSignature)) return DataError("no signature");
  bytes.remove_prefix(kSignature.size());
  std::string header, data, types;
  while (!bytes.empty()) {
    if (bytes.size() < 12) return DataError("a cut chunk");
    const uint32_t length = BigEndian(bytes);
    if (bytes.size() - 12 < length) return DataError("a cut chunk");
    const absl::string_view type = bytes.substr(4, 4);
    if (Crc(bytes.substr(4, 4 + length)) !=
        BigEndian(bytes.substr(8 + length))) {
      return DataError("a chunk has another CRC");
    }
    types += std::string(type) + " ";
    if (type == "IHDR") header = std::string(bytes.substr(8, length));
    if (type == "IDAT") data = std::string(bytes.substr(8, length));
    bytes.remove_prefix(12 + length);
  }
  if (types != "IHDR IDAT IEND ") return DataError("chunks " + types);
  if (header.size() != 13 ||
      header.substr(8) != std::string("\x08\x02\0\0\0", 5)) {
    return DataError("not 8-bit RGB");
  }
  PngPixels pixels;
  pixels.width = static_cast<int>(BigEndian(header));
  pixels.height = static_cast<int>(BigEndian(header.substr(4)));
  const size_t row_bytes = 1 + 3 * size_t(pixels.width);
  std::string rows(row_bytes * pixels.height, '\0');
  uLongf size = rows.size();
  if (uncompress(reinterpret_cast<Bytef*>(rows.data()), &size,
                 reinterpret_cast<const Bytef*>(data.data()),
                 data.size()) != Z_OK ||
      size != rows.size()) {
    return DataError("rows of another length");
  }
  for (size_t y = 0; y < size_t(pixels.height); ++y) {
    const char* row = &rows[y * row_bytes];
    if (row[0] != 0) return DataError("a filter");
    for (int x = 0; x < pixels.width; ++x) {
      pixels.rgb.push_back({static_cast<uint8_t>(row[1 + 3 * x]),
                            static_cast<uint8_t>(row[2 + 3 * x]),
                            static_cast<uint8_t>(row[3 + 3 * x])});
    }
  }
  return pixels;
}

}  // namespace reprise
