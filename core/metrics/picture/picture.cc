#include "core/metrics/picture/picture.h"

#include <algorithm>
#include <cstddef>

#include "absl/strings/str_cat.h"
#include "core/base/check.h"
#include "core/metrics/picture/bitmap_font.h"
#include "zlib.h"

namespace reprise {
namespace {

std::string BigEndian(uint32_t value) {
  std::string bytes;
  for (int shift = 24; shift >= 0; shift -= 8) {
    bytes.push_back(static_cast<char>(value >> shift));
  }
  return bytes;
}

const Bytef* BytesOf(const std::string& bytes) {
  return reinterpret_cast<const Bytef*>(bytes.data());
}

// Length, type, data, and the CRC of type and data.
std::string PngChunk(absl::string_view type, absl::string_view data) {
  const std::string checked = absl::StrCat(type, data);
  return absl::StrCat(BigEndian(static_cast<uint32_t>(data.size())), checked,
                      BigEndian(static_cast<uint32_t>(
                          crc32_z(0, BytesOf(checked), checked.size()))));
}

std::string Deflated(const std::string& bytes) {
  uLongf size = compressBound(bytes.size());
  std::string deflated(size, '\0');
  const int result = compress(reinterpret_cast<Bytef*>(deflated.data()), &size,
                              BytesOf(bytes), bytes.size());
  REPRISE_CHECK(result == Z_OK) << "zlib: " << zError(result);
  deflated.resize(size);
  return deflated;
}

}  // namespace

Picture::Picture(int width, int height, Color background)
    : width_(width),
      height_(height),
      rgb_(size_t{3} * static_cast<size_t>(width) *
           static_cast<size_t>(height)) {
  REPRISE_CHECK(width >= 1 && height >= 1) << width << " x " << height;
  Fill(0, 0, width, height, background);
}

void Picture::Fill(int x, int y, int width, int height, Color color) {
  const int right = std::min(x + width, width_);
  const int bottom = std::min(y + height, height_);
  for (int row = std::max(y, 0); row < bottom; ++row) {
    for (int column = std::max(x, 0); column < right; ++column) {
      uint8_t* pixel = &rgb_[size_t{3} * (size_t(row) * width_ + column)];
      pixel[0] = color.red;
      pixel[1] = color.green;
      pixel[2] = color.blue;
    }
  }
}

void Picture::Text(int x, int y, absl::string_view text, int scale,
                   Color color) {
  for (const char character : text) {
    const Glyph* glyph = GlyphOf(character);
    REPRISE_CHECK(glyph != nullptr) << "the font has no '" << character << "'";
    for (int row = 0; row < kGlyphHeight; ++row) {
      for (int column = 0; column < kGlyphWidth; ++column) {
        if ((*glyph)[row][column] != '#') continue;
        Fill(x + column * scale, y + row * scale, scale, scale, color);
      }
    }
    x += (kGlyphWidth + 1) * scale;
  }
}

int Picture::TextWidth(absl::string_view text, int scale) {
  const int characters = static_cast<int>(text.size());
  return std::max(0, characters * (kGlyphWidth + 1) - 1) * scale;
}

int Picture::TextHeight(int scale) { return kGlyphHeight * scale; }

std::string Picture::Png() const {
  // Each row after a byte that says how it is filtered: 0, not at all.
  std::string rows;
  const size_t row_bytes = size_t{3} * width_;
  rows.reserve((row_bytes + 1) * height_);
  for (int y = 0; y < height_; ++y) {
    rows.push_back(0);
    rows.append(reinterpret_cast<const char*>(&rgb_[y * row_bytes]), row_bytes);
  }
  std::string header = BigEndian(width_) + BigEndian(height_);
  header.push_back(8);     // bits a channel
  header.push_back(2);     // RGB
  header.append(3, '\0');  // deflate, filters by row, not interlaced
  return absl::StrCat("\x89PNG\r\n\x1a\n", PngChunk("IHDR", header),
                      PngChunk("IDAT", Deflated(rows)), PngChunk("IEND", ""));
}

}  // namespace reprise
