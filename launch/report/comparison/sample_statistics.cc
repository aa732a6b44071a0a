#include "launch/report/comparison/sample_statistics.h"

#include <algorithm>
#include <cmath>

#include "core/base/check.h"

namespace reprise {
namespace {

constexpr double kBelowUpperEnd = 0.975;  // of a 95 % interval

// P(|variable| < t), t >= 0: the finite series of Abramowitz and Stegun,
// "Handbook of Mathematical Functions", 26.7.3 and 26.7.4.
double StudentWithin(double t, int64_t degrees) {
  const double pi = std::acos(-1.0);
  const double theta = std::atan(t / std::sqrt(static_cast<double>(degrees)));
  const double square = std::cos(theta) * std::cos(theta);
  const bool is_odd = degrees % 2 == 1;
  // Terms of cos^k, k = 1, 3 ... of odd degrees, 0, 2 ... of even ones.
  double term = is_odd ? std::cos(theta) : 1, sum = 0;
  for (int64_t k = is_odd ? 1 : 0; k <= degrees - 2; k += 2) {
    sum += term;
    term *= square * static_cast<double>(k + 1) / static_cast<double>(k + 2);
  }
  sum *= std::sin(theta);
  return is_odd ? 2 / pi * (theta + sum) : sum;
}

}  // namespace

double StudentQuantile(double probability, int64_t degrees) {
  REPRISE_CHECK(probability > 0 && probability < 1 && degrees >= 1)
      << probability << " " << degrees;
  if (probability < 0.5) return -StudentQuantile(1 - probability, degrees);
  const double within = 2 * probability - 1;
  double low = 0, high = 1;
  while (StudentWithin(high, degrees) < within) high *= 2;
  for (int i = 0; i < 100; ++i) {
    const double middle = (low + high) / 2;
    (StudentWithin(middle, degrees) < within ? low : high) = middle;
  }
  return (low + high) / 2;
}

SampleStatistics StatisticsOf(const std::vector<double>& values) {
  SampleStatistics result;
  result.n = static_cast<int64_t>(values.size());
  if (result.n == 0) return result;
  const double n = static_cast<double>(result.n);
  for (const double value : values) result.mean += value / n;
  if (result.n < 2) return result;
  double squares = 0;
  for (const double value : values) {
    squares += (value - result.mean) * (value - result.mean);
  }
  result.standard_deviation = std::sqrt(squares / (n - 1));
  result.half_width = StudentQuantile(kBelowUpperEnd, result.n - 1) *
                      *result.standard_deviation / std::sqrt(n);
  return result;
}

Difference DifferenceOf(const SampleStatistics& a, const SampleStatistics& b) {
  REPRISE_CHECK(a.n >= 1 && b.n >= 1) << a.n << " " << b.n;
  Difference result;
  result.mean = a.mean - b.mean;
  if (a.n < 2 || b.n < 2) return result;
  // Variances of the two means.
  const auto variance = [](const SampleStatistics& s) {
    return *s.standard_deviation * *s.standard_deviation /
           static_cast<double>(s.n);
  };
  const double va = variance(a), vb = variance(b);
  if (va + vb == 0) {
    result.half_width = 0;
    return result;
  }
  const double degrees = (va + vb) * (va + vb) /
                         (va * va / static_cast<double>(a.n - 1) +
                          vb * vb / static_cast<double>(b.n - 1));
  // Rounding must not take the one degree of two samples of two away.
  const int64_t whole = std::max<int64_t>(
      1, static_cast<int64_t>(std::floor(degrees * (1 + 1e-12))));
  result.half_width =
      StudentQuantile(kBelowUpperEnd, whole) * std::sqrt(va + vb);
  return result;
}

}  // namespace reprise
