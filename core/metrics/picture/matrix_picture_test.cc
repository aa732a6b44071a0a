#include "core/metrics/picture/matrix_picture.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <optional>
#include <vector>

#include "core/base/status_matchers.h"
#include "core/metrics/accuracy/accuracy_matrix.h"
#include "core/metrics/confusion/confusion_matrix.h"
#include "core/metrics/testing/png_pixels.h"
#include "gtest/gtest.h"

namespace reprise {
namespace {

using Rgb = std::array<uint8_t, 3>;

PngPixels PixelsOf(const Picture& picture) {
  const absl::StatusOr<PngPixels> pixels = ReadPng(picture.Png());
  EXPECT_THAT(pixels, IsOk());
  return *pixels;
}

// Where two pictures of one size differ; right and bottom are outside.
struct Box {
  int left = 1 << 20, top = 1 << 20, right = 0, bottom = 0;
};

Box Difference(const PngPixels& a, const PngPixels& b) {
  EXPECT_EQ(a.width, b.width);
  EXPECT_EQ(a.height, b.height);
  Box box;
  for (int y = 0; y < a.height; ++y) {
    for (int x = 0; x < a.width; ++x) {
      if (a.At(x, y) == b.At(x, y)) continue;
      box.left = std::min(box.left, x);
      box.top = std::min(box.top, y);
      box.right = std::max(box.right, x + 1);
      box.bottom = std::max(box.bottom, y + 1);
    }
  }
  return box;
}

// Relative luminance (WCAG 2).
double Luminance(const Rgb& rgb) {
  const double weights[] = {0.2126, 0.7152, 0.0722};
  double sum = 0;
  for (int c = 0; c < 3; ++c) {
    const double s = rgb[c] / 255.0;
    sum += weights[c] *
           (s <= 0.03928 ? s / 12.92 : std::pow((s + 0.055) / 1.055, 2.4));
  }
  return sum;
}

AccuracyMatrix Matrix(int64_t tasks, std::optional<double> accuracy) {
  AccuracyMatrix matrix(tasks);
  for (int64_t i = 0; i < tasks; ++i) {
    for (int64_t j = 0; j <= i; ++j) matrix.Set(i, j, accuracy, 100);
  }
  return matrix;
}

TEST(MatrixPictureTest, EachAccuracyHasASquareInItsRowAndColumn) {
  constexpr int64_t kTasks = 4;
  const AccuracyMatrix all = Matrix(kTasks, 0.25);
  const PngPixels plain = PixelsOf(DrawAccuracyMatrix(all, kTasks));
  std::vector<int> lefts(kTasks, -1), tops(kTasks, -1);
  for (int64_t i = 0; i < kTasks; ++i) {
    for (int64_t j = 0; j <= i; ++j) {
      AccuracyMatrix other = all;
      other.Set(i, j, 0.75, 100);
      const Box box =
          Difference(plain, PixelsOf(DrawAccuracyMatrix(other, kTasks)));
      EXPECT_EQ(box.right - box.left, box.bottom - box.top);
      EXPECT_LE(box.right - box.left, 56);
      if (lefts[j] < 0) lefts[j] = box.left;
      if (tops[i] < 0) tops[i] = box.top;
      EXPECT_EQ(box.left, lefts[j]) << i << " " << j;
      EXPECT_EQ(box.top, tops[i]) << i << " " << j;
    }
  }
  for (int64_t i = 1; i < kTasks; ++i) {
    EXPECT_EQ(lefts[i] - lefts[i - 1], 56);
    EXPECT_EQ(tops[i] - tops[i - 1], 56);
  }
}

TEST(MatrixPictureTest, AHigherShareIsDarkerAndItsNumberHasContrast) {
  const PngPixels unknown =
      PixelsOf(DrawAccuracyMatrix(Matrix(1, std::nullopt), 1));
  double before = 1;
  for (int percent = 0; percent <= 100; percent += 4) {
    const PngPixels pixels =
        PixelsOf(DrawAccuracyMatrix(Matrix(1, percent / 100.0), 1));
    const Box box = Difference(unknown, pixels);
    const double luminance = Luminance(pixels.At(box.left, box.top));
    EXPECT_LT(luminance, before) << percent;
    before = luminance;
    double contrast = 1;
    for (int y = box.top; y < box.bottom; ++y) {
      for (int x = box.left; x < box.right; ++x) {
        const double other = Luminance(pixels.At(x, y));
        contrast = std::max(contrast, (std::max(luminance, other) + 0.05) /
                                          (std::min(luminance, other) + 0.05));
      }
    }
    EXPECT_GE(contrast, 4) << percent;
  }
}

TEST(MatrixPictureTest, OnlyTheTasksSoFarAreDrawn) {
  const AccuracyMatrix three = Matrix(3, 0.5);
  EXPECT_EQ(DrawAccuracyMatrix(three, 2).Png(),
            DrawAccuracyMatrix(Matrix(2, 0.5), 2).Png());
  EXPECT_NE(DrawAccuracyMatrix(three, 3).width(),
            DrawAccuracyMatrix(three, 2).width());
}

TEST(MatrixPictureTest, ColoursOfAConfusionAreSharesOfItsRow) {
  ConfusionMatrix few, many;
  few.Add({{0, 0, 3}, {0, 1, 1}, {1, 0, 1}, {1, 1, 1}});
  many.Add({{0, 0, 6}, {0, 1, 2}, {1, 0, 2}, {1, 1, 2}});
  const PngPixels one = PixelsOf(DrawConfusionMatrix(few)),
                  other = PixelsOf(DrawConfusionMatrix(many));
  // Other digits, but the same colours around them.
  const Box box = Difference(one, other);
  EXPECT_LT(box.left, box.right);
  EXPECT_EQ(one.At(box.left - 15, box.top), other.At(box.left - 15, box.top));
  int same = 0;
  for (size_t i = 0; i < one.rgb.size(); ++i)
    same += one.rgb[i] == other.rgb[i];
  EXPECT_GT(same, 0.98 * one.rgb.size());
}

TEST(MatrixPictureTest, SamplesOfNoClassHaveAColumn) {
  ConfusionMatrix without, with;
  without.Add({{0, 0, 3}});
  with.Add({{0, 0, 3}, {0, kNoClass, 1}});
  EXPECT_EQ(without.PredictedClasses().size() + 1,
            with.PredictedClasses().size());
  EXPECT_NE(DrawConfusionMatrix(without).Png(),
            DrawConfusionMatrix(with).Png());
}

TEST(MatrixPictureTest, AnyNumberOfClassesFitsOnAPage) {
  for (const int64_t classes :
       {0, 1, 2, 9, 10, 11, 20, 29, 57, 100, 300, 1000}) {
    ConfusionCounts counts;
    for (int64_t c = 0; c < classes; ++c) counts.push_back({c, c, 100000});
    ConfusionMatrix matrix;
    matrix.Add(counts);
    const Picture picture = DrawConfusionMatrix(matrix);
    EXPECT_LE(picture.width(), std::max<int64_t>(800, classes + 150));
    EXPECT_LE(picture.height(), std::max<int64_t>(800, classes + 150));
    EXPECT_LT(picture.Png().size(), 200000u) << classes;
  }
}

}  // namespace
}  // namespace reprise
