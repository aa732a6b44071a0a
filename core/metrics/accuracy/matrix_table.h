// The accuracy matrix of a run as text of fixed width, for terminals, logs and
// reports.
#ifndef REPRISE_CORE_METRICS_ACCURACY_MATRIX_TABLE_H_
#define REPRISE_CORE_METRICS_ACCURACY_MATRIX_TABLE_H_

#include <optional>
#include <string>

#include "core/metrics/accuracy/accuracy_matrix.h"

namespace reprise {

// A share in [0, 1] with four decimals; "-" where it is unknown.
std::string AccuracyText(const std::optional<double>& accuracy);

// A line that says what rows and columns are, the matrix with A and S of each
// row, and the measures with their formulas; whole lines. A matrix that is
// wider than `width` columns comes in blocks of as many columns as fit, at
// least one; 0: any width.
std::string MatrixTable(const AccuracyMatrix& matrix, int width);

}  // namespace reprise

#endif  // REPRISE_CORE_METRICS_ACCURACY_MATRIX_TABLE_H_
