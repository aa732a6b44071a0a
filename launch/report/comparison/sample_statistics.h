// What a few measured values say of the mean that they come from: by Student's
// t, since a few seeds are a small sample and their spread is not known.
#ifndef REPRISE_LAUNCH_REPORT_COMPARISON_SAMPLE_STATISTICS_H_
#define REPRISE_LAUNCH_REPORT_COMPARISON_SAMPLE_STATISTICS_H_

#include <cstdint>
#include <optional>
#include <vector>

namespace reprise {

struct SampleStatistics {
  int64_t n = 0;
  double mean = 0;  // meaningless at n = 0
  // Of the population, by n - 1; null at n < 2.
  std::optional<double> standard_deviation;
  // The 95 % interval of the mean is mean +- half_width; null at n < 2. Not
  // cut at the bounds that a measure may have.
  std::optional<double> half_width;
};

SampleStatistics StatisticsOf(const std::vector<double>& values);

struct Difference {
  double mean = 0;                   // of a, less that of b
  std::optional<double> half_width;  // of its 95 % interval
};

// By Welch's test, whose two samples may spread differently (B. L. Welch,
// "The generalization of Student's problem when several different population
// variances are involved", Biometrika 34, 1947); its degrees of freedom are
// rounded down. Both n >= 1; no interval where either is 1.
Difference DifferenceOf(const SampleStatistics& a, const SampleStatistics& b);

// t such that a variable of Student's distribution with `degrees` >= 1 lies
// below it with probability `probability` in (0, 1). Relative error below 1e-9.
double StudentQuantile(double probability, int64_t degrees);

}  // namespace reprise

#endif  // REPRISE_LAUNCH_REPORT_COMPARISON_SAMPLE_STATISTICS_H_
