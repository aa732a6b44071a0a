// Feature rows of iCaRL: norms and dot products in double. The order of the
// additions is fixed and does not depend on vector width or on a row's place,
// so equal rows have equal results on every machine, and ties are exact.
#ifndef REPRISE_CORE_TENSOR_FEATURE_ROWS_H_
#define REPRISE_CORE_TENSOR_FEATURE_ROWS_H_

#include <cstdint>

namespace reprise {

// Of d numbers each.
double SquaredNorm(const float* row, int64_t d);
double Dot(const float* row, const double* other, int64_t d);

// Divides each row of features [n, d] by its L2 norm, in place, rounding once;
// rows of zeros stay.
void NormalizeRows(float* features, int64_t n, int64_t d);

}  // namespace reprise

#endif  // REPRISE_CORE_TENSOR_FEATURE_ROWS_H_
