#include "core/metrics/picture/picture.h"

#include <array>
#include <cstdint>
#include <set>
#include <string>

#include "core/base/status_matchers.h"
#include "core/metrics/picture/bitmap_font.h"
#include "core/metrics/testing/png_pixels.h"
#include "gtest/gtest.h"

namespace reprise {
namespace {

using Rgb = std::array<uint8_t, 3>;

constexpr Color kPaper = {250, 240, 230}, kInk = {1, 2, 3};
constexpr Rgb kPaperRgb = {250, 240, 230}, kInkRgb = {1, 2, 3};

TEST(PictureTest, APngHasThePixelsThatWereDrawn) {
  Picture picture(7, 5, kPaper);
  picture.Fill(2, 1, 3, 2, kInk);
  REPRISE_ASSERT_OK_AND_ASSIGN(const PngPixels pixels, ReadPng(picture.Png()));
  ASSERT_EQ(pixels.width, 7);
  ASSERT_EQ(pixels.height, 5);
  for (int y = 0; y < 5; ++y) {
    for (int x = 0; x < 7; ++x) {
      const bool inked = x >= 2 && x < 5 && y >= 1 && y < 3;
      EXPECT_EQ(pixels.At(x, y), inked ? kInkRgb : kPaperRgb) << x << " " << y;
    }
  }
}

TEST(PictureTest, WhatLiesOutsideIsNotDrawn) {
  Picture picture(3, 3, kPaper);
  picture.Fill(-2, -2, 3, 3, kInk);
  picture.Fill(2, 2, 10, 10, kInk);
  picture.Fill(5, 0, 4, 4, kInk);
  REPRISE_ASSERT_OK_AND_ASSIGN(const PngPixels pixels, ReadPng(picture.Png()));
  for (int y = 0; y < 3; ++y) {
    for (int x = 0; x < 3; ++x) {
      EXPECT_EQ(pixels.At(x, y) == kInkRgb, x == y && x != 1) << x << " " << y;
    }
  }
}

TEST(PictureTest, TextIsItsGlyphsAsLargeAsAskedFor) {
  const std::string text = "10";
  for (const int scale : {1, 3}) {
    Picture picture(Picture::TextWidth(text, scale), Picture::TextHeight(scale),
                    kPaper);
    picture.Text(0, 0, text, scale, kInk);
    REPRISE_ASSERT_OK_AND_ASSIGN(const PngPixels pixels,
                                 ReadPng(picture.Png()));
    ASSERT_EQ(pixels.width, 11 * scale);
    ASSERT_EQ(pixels.height, 7 * scale);
    for (int y = 0; y < pixels.height; ++y) {
      for (int x = 0; x < pixels.width; ++x) {
        const int column = x / scale % 6;
        const Glyph& glyph = *GlyphOf(text[x / scale / 6]);
        const bool inked = column < 5 && glyph[y / scale][column] == '#';
        EXPECT_EQ(pixels.At(x, y), inked ? kInkRgb : kPaperRgb);
      }
    }
  }
}

TEST(BitmapFontTest, EachCharacterHasAGlyphOfItsOwnOfFiveBySevenPixels) {
  std::set<std::string> shapes;
  int characters = 0;
  for (int character = 0; character < 128; ++character) {
    const Glyph* glyph = GlyphOf(static_cast<char>(character));
    if (glyph == nullptr) continue;
    ++characters;
    std::string shape;
    for (const std::string row : *glyph) {
      EXPECT_EQ(row.size(), 5u) << static_cast<char>(character);
      EXPECT_EQ(row.find_first_not_of(".#"), std::string::npos);
      shape += row;
    }
    EXPECT_TRUE(shapes.insert(shape).second) << static_cast<char>(character);
  }
  EXPECT_GE(characters, 10);
}

}  // namespace
}  // namespace reprise
