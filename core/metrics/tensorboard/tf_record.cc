#include "core/metrics/tensorboard/tf_record.h"

#include <array>

#include "absl/strings/str_cat.h"

namespace reprise {
namespace {

// Of each byte, the remainder that it leaves; bits reflected.
std::array<uint32_t, 256> MakeTable() {
  constexpr uint32_t kPolynomial = 0x82f63b78;
  std::array<uint32_t, 256> table;
  for (uint32_t byte = 0; byte < table.size(); ++byte) {
    uint32_t remainder = byte;
    for (int bit = 0; bit < 8; ++bit) {
      remainder = (remainder >> 1) ^ ((remainder & 1) != 0 ? kPolynomial : 0);
    }
    table[byte] = remainder;
  }
  return table;
}

// The format stores CRCs so, since a CRC of data that holds its own CRC is
// weak.
uint32_t Masked(uint32_t crc) { return (crc >> 15 | crc << 17) + 0xa282ead8; }

template <typename Integer>
std::string LittleEndian(Integer value) {
  std::string bytes;
  for (size_t i = 0; i < sizeof(value); ++i) {
    bytes.push_back(static_cast<char>(value >> (8 * i)));
  }
  return bytes;
}

}  // namespace

uint32_t Crc32c(absl::string_view bytes) {
  static const std::array<uint32_t, 256> table = MakeTable();
  uint32_t crc = ~uint32_t{0};
  for (const char byte : bytes) {
    crc = (crc >> 8) ^ table[(crc ^ static_cast<uint8_t>(byte)) & 0xff];
  }
  return ~crc;
}

std::string TfRecord(absl::string_view data) {
  const std::string length = LittleEndian(uint64_t{data.size()});
  return absl::StrCat(length, LittleEndian(Masked(Crc32c(length))), data,
                      LittleEndian(Masked(Crc32c(data))));
}

}  // namespace reprise
