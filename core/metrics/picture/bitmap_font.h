// A font of 5 x 7 pixels, of the characters that the labels of our figures
// have: digits, ".", "-", ":", the space and some small letters.
#ifndef REPRISE_CORE_METRICS_PICTURE_BITMAP_FONT_H_
#define REPRISE_CORE_METRICS_PICTURE_BITMAP_FONT_H_

#include <array>

namespace reprise {

inline constexpr int kGlyphWidth = 5;
inline constexpr int kGlyphHeight = 7;

// Rows from top to bottom, each of kGlyphWidth characters: '#' is set.
using Glyph = std::array<const char*, kGlyphHeight>;

// nullptr: the font has no such character.
const Glyph* GlyphOf(char character);

}  // namespace reprise

#endif  // REPRISE_CORE_METRICS_PICTURE_BITMAP_FONT_H_
