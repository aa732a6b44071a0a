#include "core/tensor/herding.h"

#include <algorithm>
#include <numeric>

#include "core/tensor/feature_rows.h"

namespace reprise {

std::vector<int64_t> HerdingOrder(const float* features, int64_t n, int64_t d,
                                  int64_t m) {
  std::vector<double> mean(d), squared_norms(n);
  for (int64_t i = 0; i < n; ++i) {
    const float* row = features + i * d;
    for (int64_t j = 0; j < d; ++j) mean[j] += row[j];
    squared_norms[i] = SquaredNorm(row, d);
  }
  for (double& value : mean) value /= static_cast<double>(n);

  // Ascending, so that the first of equal scores has the smallest index.
  std::vector<int64_t> remaining(n);
  std::iota(remaining.begin(), remaining.end(), int64_t{0});
  std::vector<int64_t> order;
  std::vector<double> chosen_sum(d), target(d);
  for (int64_t k = 1; k <= std::min(m, n); ++k) {
    // With t = k mu - sum of those chosen, k^2 times the squared distance is
    // |t - phi|^2 = |t|^2 - 2 phi t + |phi|^2, whose first term is common.
    for (int64_t j = 0; j < d; ++j) {
      target[j] = static_cast<double>(k) * mean[j] - chosen_sum[j];
    }
    auto best = remaining.begin();
    double best_score = 0;
    for (auto i = remaining.begin(); i != remaining.end(); ++i) {
      const double score =
          squared_norms[*i] - 2 * Dot(features + *i * d, target.data(), d);
      if (i == remaining.begin() || score < best_score) {
        best = i;
        best_score = score;
      }
    }
    const float* row = features + *best * d;
    for (int64_t j = 0; j < d; ++j) chosen_sum[j] += row[j];
    order.push_back(*best);
    remaining.erase(best);
  }
  return order;
}

}  // namespace reprise
