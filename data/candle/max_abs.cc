#include "data/candle/max_abs.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace reprise {

std::vector<float> MaxAbsOf(const float* rows, int64_t count,
                            int64_t features) {
  std::vector<float> max_abs(features);
  for (int64_t i = 0; i < count; ++i, rows += features) {
    for (int64_t e = 0; e < features; ++e) {
      const float magnitude = std::fabs(rows[e]);
      max_abs[e] = magnitude > max_abs[e] ? magnitude : max_abs[e];
    }
  }
  return max_abs;
}

std::vector<float> ScaleOfMaxAbs(const std::vector<float>& max_abs) {
  std::vector<float> scale;
  scale.reserve(max_abs.size());
  for (const float largest : max_abs) {
    const double factor = largest == 0 ? 1.0 : 1.0 / double{largest};
    scale.push_back(static_cast<float>(
        std::min(factor, double{std::numeric_limits<float>::max()})));
  }
  return scale;
}

}  // namespace reprise
