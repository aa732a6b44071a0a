#include "core/tensor/feature_rows.h"

#include <cmath>

namespace reprise {
namespace {

// Independent partial sums: what a vector register of any width up to eight
// doubles computes, and enough of them to hide the latency of an addition.
constexpr int64_t kLanes = 8;

template <typename Other>
double SumOfProducts(const float* row, const Other* other, int64_t d) {
  double sums[kLanes] = {};
  int64_t j = 0;
  for (; j + kLanes <= d; j += kLanes) {
    for (int64_t lane = 0; lane < kLanes; ++lane) {
      sums[lane] += static_cast<double>(row[j + lane]) *
                    static_cast<double>(other[j + lane]);
    }
  }
  for (int64_t lane = 0; j + lane < d; ++lane) {
    sums[lane] += static_cast<double>(row[j + lane]) *
                  static_cast<double>(other[j + lane]);
  }
  return ((sums[0] + sums[4]) + (sums[2] + sums[6])) +
         ((sums[1] + sums[5]) + (sums[3] + sums[7]));
}

}  // namespace

double SquaredNorm(const float* row, int64_t d) {
  return SumOfProducts(row, row, d);
}

double Dot(const float* row, const double* other, int64_t d) {
  return SumOfProducts(row, other, d);
}

void NormalizeRows(float* features, int64_t n, int64_t d) {
  for (int64_t i = 0; i < n; ++i) {
    float* row = features + i * d;
    const double norm = std::sqrt(SquaredNorm(row, d));
    if (norm == 0) continue;
    for (int64_t j = 0; j < d; ++j) row[j] = static_cast<float>(row[j] / norm);
  }
}

}  // namespace reprise
