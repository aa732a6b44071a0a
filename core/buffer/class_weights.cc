#include "core/buffer/class_weights.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "core/base/check.h"

namespace reprise {

std::vector<double> ClassWeights(int64_t batch_size, int64_t candidates,
                                 const std::vector<int64_t>& class_count,
                                 const std::vector<int64_t>& stored) {
  std::vector<double> weights(class_count.size(), 1.0);
  const double offered =
      std::accumulate(class_count.begin(), class_count.end(), int64_t{0});
  const double held = std::accumulate(stored.begin(), stored.end(), int64_t{0});
  if (held == 0) return weights;
  REPRISE_CHECK(candidates > 0) << "representatives without candidates";
  const double total =
      (static_cast<double>(batch_size) / candidates) * (offered / held);
  for (size_t c = 0; c < weights.size(); ++c) {
    if (class_count[c] == 0) continue;
    weights[c] = std::max(std::log(class_count[c] / offered * total), 1.0);
  }
  return weights;
}

}  // namespace reprise
