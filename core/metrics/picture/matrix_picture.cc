#include "core/metrics/picture/matrix_picture.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"

namespace reprise {
namespace {

constexpr Color kWhite = {255, 255, 255}, kBlack = {20, 20, 20};
constexpr Color kUnknown = {222, 222, 222};
// Shares 0, 1/2 and 1; lightness falls evenly.
constexpr Color kLight = {240, 246, 250}, kMiddle = {70, 148, 180},
                kDark = {10, 42, 92};

constexpr int kMargin = 8;
constexpr int kLabelScale = 2;
constexpr int kMatrixPixels = 560;  // of the longer side, about
constexpr int kMaxCell = 56;
constexpr int kMinCellWithGap = 8;
constexpr int kBarWidth = 16;

struct Cell {
  bool is_drawn = false;
  double share = 0;  // NaN: unknown
  std::string text;
};

struct Figure {
  const char* rows;
  const char* columns;
  std::vector<std::string> row_names, column_names;
  std::vector<Cell> cells;  // [rows, columns]

  int num_rows() const { return static_cast<int>(row_names.size()); }
  int num_columns() const { return static_cast<int>(column_names.size()); }
};

uint8_t Between(uint8_t a, uint8_t b, double t) {
  return static_cast<uint8_t>(std::lround(a + (b - a) * t));
}

Color ColorOf(double share) {
  if (std::isnan(share)) return kUnknown;
  const double t = std::clamp(share, 0.0, 1.0);
  const Color& a = t < 0.5 ? kLight : kMiddle;
  const Color& b = t < 0.5 ? kMiddle : kDark;
  const double within = t < 0.5 ? 2 * t : 2 * t - 1;
  return {Between(a.red, b.red, within), Between(a.green, b.green, within),
          Between(a.blue, b.blue, within)};
}

// Relative luminance as WCAG 2 defines it. At 0.18 black and white have the
// same contrast.
bool IsDark(Color color) {
  const auto linear = [](uint8_t value) {
    const double s = value / 255.0;
    return s <= 0.03928 ? s / 12.92 : std::pow((s + 0.055) / 1.055, 2.4);
  };
  return 0.2126 * linear(color.red) + 0.7152 * linear(color.green) +
             0.0722 * linear(color.blue) <
         0.18;
}

size_t LongestOf(const std::vector<std::string>& names) {
  size_t longest = 0;
  for (const std::string& name : names) {
    longest = std::max(longest, name.size());
  }
  return longest;
}

// So that names of `pixels` stand apart in cells of `cell`.
int StrideOf(int pixels, int cell) {
  for (const int stride : {1, 2, 5, 10, 20, 50, 100, 200, 500}) {
    if (stride * cell >= pixels) return stride;
  }
  return 1000;
}

class FigureDrawing {
 public:
  explicit FigureDrawing(const Figure& figure)
      : figure_(figure),
        cell_(std::clamp(kMatrixPixels / std::max({1, figure.num_rows(),
                                                   figure.num_columns()}),
                         1, kMaxCell)),
        name_scale_(cell_ >= 28 ? 2 : 1),
        left_(2 * kMargin + WidthOfNames(figure.row_names)),
        top_(5 * kMargin + 2 * Picture::TextHeight(kLabelScale) +
             Picture::TextHeight(name_scale_)) {}

  Picture Draw() const {
    const int matrix_right = left_ + figure_.num_columns() * cell_;
    const int labels =
        std::max(Picture::TextWidth(figure_.rows, kLabelScale),
                 Picture::TextWidth(figure_.columns, kLabelScale));
    const int bar = kMargin * 2 + kBarWidth + Picture::TextWidth("1", 2) + 6;
    Picture picture(
        std::max(matrix_right + bar, kMargin + labels) + kMargin,
        top_ + std::max(figure_.num_rows() * cell_, 4 * kMaxCell) + kMargin,
        kWhite);
    picture.Text(kMargin, kMargin, figure_.rows, kLabelScale, kBlack);
    picture.Text(kMargin, 2 * kMargin + Picture::TextHeight(kLabelScale),
                 figure_.columns, kLabelScale, kBlack);
    DrawNames(picture);
    DrawCells(picture);
    DrawBar(picture, matrix_right + 2 * kMargin);
    return picture;
  }

 private:
  int WidthOfNames(const std::vector<std::string>& names) const {
    return Picture::TextWidth(std::string(LongestOf(names), '0'), name_scale_);
  }

  void DrawNames(Picture& picture) const {
    const int height = Picture::TextHeight(name_scale_);
    const int row_stride = StrideOf(height + 2, cell_);
    for (int i = 0; i < figure_.num_rows(); i += row_stride) {
      const std::string& name = figure_.row_names[i];
      picture.Text(left_ - kMargin / 2 - Picture::TextWidth(name, name_scale_),
                   top_ + i * cell_ + (cell_ - height) / 2, name, name_scale_,
                   kBlack);
    }
    const int column_stride =
        StrideOf(WidthOfNames(figure_.column_names) + 4, cell_);
    for (int j = 0; j < figure_.num_columns(); j += column_stride) {
      const std::string& name = figure_.column_names[j];
      const int width = Picture::TextWidth(name, name_scale_);
      picture.Text(left_ + j * cell_ + (cell_ - width) / 2,
                   top_ - kMargin / 2 - height, name, name_scale_, kBlack);
    }
  }

  // Of the numbers, 0 where the longest does not fit.
  int TextScale() const {
    size_t longest = 0;
    for (const Cell& cell : figure_.cells) {
      longest = std::max(longest, cell.text.size());
    }
    for (const int scale : {2, 1}) {
      if (Picture::TextWidth(std::string(longest, '0'), scale) + 4 <= cell_ &&
          Picture::TextHeight(scale) + 4 <= cell_) {
        return scale;
      }
    }
    return 0;
  }

  void DrawCells(Picture& picture) const {
    const int gap = cell_ >= kMinCellWithGap ? 1 : 0;
    const int scale = TextScale();
    for (int i = 0; i < figure_.num_rows(); ++i) {
      for (int j = 0; j < figure_.num_columns(); ++j) {
        const Cell& cell = figure_.cells[i * figure_.num_columns() + j];
        if (!cell.is_drawn) continue;
        const Color color = ColorOf(cell.share);
        const int x = left_ + j * cell_, y = top_ + i * cell_;
        picture.Fill(x, y, cell_ - gap, cell_ - gap, color);
        if (scale == 0) continue;
        picture.Text(x + (cell_ - Picture::TextWidth(cell.text, scale)) / 2,
                     y + (cell_ - Picture::TextHeight(scale)) / 2, cell.text,
                     scale, IsDark(color) ? kWhite : kBlack);
      }
    }
  }

  // Which colour is which share, 1 on top.
  void DrawBar(Picture& picture, int x) const {
    const int height = std::max(figure_.num_rows() * cell_, 4 * kMaxCell);
    for (int y = 0; y < height; ++y) {
      picture.Fill(x, top_ + y, kBarWidth, 1,
                   ColorOf(1 - y / static_cast<double>(height - 1)));
    }
    picture.Text(x + kBarWidth + 6, top_, "1", 2, kBlack);
    picture.Text(x + kBarWidth + 6, top_ + height - Picture::TextHeight(2), "0",
                 2, kBlack);
  }

  const Figure& figure_;
  const int cell_;        // pixels of a side, its gap included
  const int name_scale_;  // of rows and columns
  const int left_, top_;  // of the first cell
};

std::string NameOfClass(int64_t number) {
  return number == kNoClass ? "none" : absl::StrCat(number);
}

}  // namespace

Picture DrawAccuracyMatrix(const AccuracyMatrix& matrix, int64_t tasks) {
  Figure figure = {"rows: after task", "columns: test task", {}, {}, {}};
  for (int64_t i = 0; i < tasks; ++i) {
    figure.row_names.push_back(absl::StrCat(i));
    figure.column_names.push_back(absl::StrCat(i));
    for (int64_t j = 0; j < tasks; ++j) {
      Cell cell;
      if (j <= i) {
        const std::optional<double> accuracy = matrix.At(i, j);
        const bool known = accuracy.has_value() && std::isfinite(*accuracy);
        cell.is_drawn = true;
        cell.share = known ? *accuracy : std::nan("");
        if (known) cell.text = absl::StrFormat("%.2f", *accuracy);
      }
      figure.cells.push_back(cell);
    }
  }
  return FigureDrawing(figure).Draw();
}

Picture DrawConfusionMatrix(const ConfusionMatrix& matrix) {
  Figure figure = {"rows: true class", "columns: predicted class", {}, {}, {}};
  for (const int64_t predicted : matrix.PredictedClasses()) {
    figure.column_names.push_back(NameOfClass(predicted));
  }
  for (const int64_t true_class : matrix.TrueClasses()) {
    figure.row_names.push_back(NameOfClass(true_class));
    const double samples = static_cast<double>(matrix.RowSum(true_class));
    for (const int64_t predicted : matrix.PredictedClasses()) {
      const int64_t count = matrix.At(true_class, predicted);
      Cell cell;
      cell.is_drawn = true;
      cell.share = samples > 0 ? static_cast<double>(count) / samples : 0;
      if (count > 0) cell.text = absl::StrCat(count);
      figure.cells.push_back(cell);
    }
  }
  return FigureDrawing(figure).Draw();
}

}  // namespace reprise
