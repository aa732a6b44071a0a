#include "core/metrics/accuracy/matrix_table.h"

#include <algorithm>
#include <cstdint>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"

namespace reprise {
namespace {

constexpr int kLabelWidth = 15, kCellWidth = 9;

// Columns T and T + 1 are A and S.
std::string Heading(const AccuracyMatrix& matrix, int64_t column) {
  const int64_t num_tasks = matrix.num_tasks();
  return column < num_tasks    ? absl::StrCat("task ", column + 1)
         : column == num_tasks ? "A"
                               : "S";
}

std::string Cell(const AccuracyMatrix& matrix, int64_t row, int64_t column) {
  const int64_t num_tasks = matrix.num_tasks();
  return column == num_tasks       ? AccuracyText(matrix.TaskMean(row))
         : column == num_tasks + 1 ? AccuracyText(matrix.SampleMean(row))
         : column <= row           ? AccuracyText(matrix.At(row, column))
                                   : "";
}

}  // namespace

std::string AccuracyText(const std::optional<double>& accuracy) {
  return accuracy.has_value() ? absl::StrFormat("%.4f", *accuracy) : "-";
}

std::string MatrixTable(const AccuracyMatrix& matrix, int width) {
  std::string text =
      "row = after task i, column = task j's test set, "
      "A = task mean, S = sample mean\n";
  const int64_t columns = matrix.num_tasks() + 2;
  const int64_t block =
      width == 0 ? columns
                 : std::max<int64_t>(1, (width - 1 - kLabelWidth) / kCellWidth);
  for (int64_t begin = 0; begin < columns; begin += block) {
    const int64_t end = std::min(columns, begin + block);
    absl::StrAppendFormat(&text, "%*s", kLabelWidth, "");
    for (int64_t column = begin; column < end; ++column) {
      absl::StrAppendFormat(&text, "%*s", kCellWidth, Heading(matrix, column));
    }
    absl::StrAppend(&text, "\n");
    for (int64_t row = 0; row < matrix.num_tasks(); ++row) {
      absl::StrAppendFormat(&text, "%-*s", kLabelWidth,
                            absl::StrCat("after task ", row + 1));
      for (int64_t column = begin; column < end; ++column) {
        absl::StrAppendFormat(&text, "%*s", kCellWidth,
                              Cell(matrix, row, column));
      }
      absl::StrAppend(&text, "\n");
    }
  }
  for (const AccuracyMatrix::Measure& measure : matrix.Measures()) {
    absl::StrAppendFormat(&text, "  %-29s %7s  %s\n", measure.name,
                          AccuracyText(measure.value), measure.formula);
  }
  return text;
}

}  // namespace reprise
