#include "core/tensor/nearest_mean.h"

#include <cmath>
#include <limits>

#include "core/base/check.h"
#include "core/tensor/feature_rows.h"

namespace reprise {
namespace {

// 1 / |row|, 1 for a row that stays as it is.
double ScaleOf(const float* row, int64_t d, FeatureNorm norm) {
  if (norm == FeatureNorm::kNone) return 1;
  const double length = std::sqrt(SquaredNorm(row, d));
  return length == 0 ? 1 : 1 / length;
}

}  // namespace

std::vector<double> ClassMean(const float* features, int64_t d,
                              const std::vector<int64_t>& rows,
                              FeatureNorm norm) {
  if (rows.empty()) return {};
  std::vector<double> mean(d);
  for (const int64_t i : rows) {
    const float* row = features + i * d;
    const double scale = ScaleOf(row, d, norm);
    for (int64_t j = 0; j < d; ++j) mean[j] += scale * row[j];
  }
  double divisor = static_cast<double>(rows.size());
  if (norm == FeatureNorm::kL2) {
    double squares = 0;
    for (const double value : mean) squares += value * value;
    if (squares > 0) divisor = std::sqrt(squares);
  }
  for (double& value : mean) value /= divisor;
  return mean;
}

void NearestMeans(const float* features, int64_t n, int64_t d,
                  const std::vector<std::vector<double>>& means,
                  FeatureNorm norm, float* scores) {
  for (const std::vector<double>& mean : means) {
    REPRISE_CHECK(mean.empty() || static_cast<int64_t>(mean.size()) == d)
        << "a class mean of " << mean.size() << " numbers for features of "
        << d;
  }
  const int64_t num_classes = static_cast<int64_t>(means.size());
  for (int64_t i = 0; i < n; ++i) {
    const float* row = features + i * d;
    const double scale = ScaleOf(row, d, norm);
    for (int64_t k = 0; k < num_classes; ++k) {
      float& score = scores[i * num_classes + k];
      const std::vector<double>& mean = means[k];
      if (mean.empty()) {
        score = -std::numeric_limits<float>::infinity();
        continue;
      }
      // The difference itself, not |a|^2 - 2 a b + |b|^2: exact to rounding
      // also where a feature lies at its mean.
      double squares = 0;
      for (int64_t j = 0; j < d; ++j) {
        const double difference = scale * row[j] - mean[j];
        squares += difference * difference;
      }
      score = static_cast<float>(-squares);
    }
  }
}

}  // namespace reprise
