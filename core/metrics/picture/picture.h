// A picture of coloured pixels: rectangles, text in a small font, and the bytes
// of its PNG file.
#ifndef REPRISE_CORE_METRICS_PICTURE_PICTURE_H_
#define REPRISE_CORE_METRICS_PICTURE_PICTURE_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"

namespace reprise {

struct Color {
  uint8_t red = 0, green = 0, blue = 0;
};

class Picture {
 public:
  // Both >= 1; all pixels are `background`.
  Picture(int width, int height, Color background);

  int width() const { return width_; }
  int height() const { return height_; }

  // What lies outside of the picture is not drawn.
  void Fill(int x, int y, int width, int height, Color color);

  // (x, y): of the upper left corner. Pixels of the font are squares of `scale`
  // >= 1 pixels; characters stand one of them apart. All characters are in the
  // font (bitmap_font.h).
  void Text(int x, int y, absl::string_view text, int scale, Color color);
  static int TextWidth(absl::string_view text, int scale);
  static int TextHeight(int scale);

  // An 8-bit RGB image, PNG (ISO/IEC 15948).
  std::string Png() const;

 private:
  int width_, height_;
  std::vector<uint8_t> rgb_;  // [height, width, 3]
};

}  // namespace reprise

#endif  // REPRISE_CORE_METRICS_PICTURE_PICTURE_H_
