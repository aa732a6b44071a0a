#include "core/tensor/weighted_cross_entropy.h"

#include <algorithm>
#include <cmath>

namespace reprise {

template <typename T>
void WeightedCrossEntropy(const T* logits, const int32_t* labels,
                          const float* weights, int64_t n, int64_t num_classes,
                          double scale, double* losses, T* gradient) {
  for (int64_t i = 0; i < n; ++i) {
    const T* row = logits + i * num_classes;
    const double largest = *std::max_element(row, row + num_classes);
    double sum = 0;
    for (int64_t k = 0; k < num_classes; ++k) sum += std::exp(row[k] - largest);
    const double log_sum = largest + std::log(sum);
    losses[i] = log_sum - row[labels[i]];
    if (gradient == nullptr) continue;
    T* gradient_row = gradient + i * num_classes;
    const double factor = scale * weights[i];
    for (int64_t k = 0; k < num_classes; ++k) {
      const double probability = std::exp(row[k] - log_sum);
      gradient_row[k] =
          static_cast<T>(factor * (probability - (k == labels[i] ? 1.0 : 0.0)));
    }
  }
}

template <typename T>
void LabelRanks(const T* scores, const int32_t* labels, int64_t n,
                int64_t num_classes, int32_t* ranks) {
  for (int64_t i = 0; i < n; ++i) {
    const T* row = scores + i * num_classes;
    const T own = row[labels[i]];
    int32_t rank = 0;
    for (int64_t k = 0; k < num_classes; ++k) {
      if (std::isnan(row[k])) {
        rank = static_cast<int32_t>(num_classes);
        break;
      }
      rank += row[k] > own || (row[k] == own && k < labels[i]);
    }
    ranks[i] = rank;
  }
}

template <typename T>
void PredictedClasses(const T* scores, int64_t n, int64_t num_classes,
                      int32_t* classes) {
  for (int64_t i = 0; i < n; ++i) {
    const T* row = scores + i * num_classes;
    int32_t best = 0;
    for (int64_t k = 0; k < num_classes; ++k) {
      if (std::isnan(row[k])) {
        best = -1;
        break;
      }
      if (row[k] > row[best]) best = static_cast<int32_t>(k);
    }
    classes[i] = best;
  }
}

#define REPRISE_INSTANTIATE(T)                                            \
  template void WeightedCrossEntropy<T>(const T*, const int32_t*,         \
                                        const float*, int64_t, int64_t,   \
                                        double, double*, T*);             \
  template void LabelRanks<T>(const T*, const int32_t*, int64_t, int64_t, \
                              int32_t*);                                  \
  template void PredictedClasses<T>(const T*, int64_t, int64_t, int32_t*);
REPRISE_INSTANTIATE(float)
REPRISE_INSTANTIATE(double)
#undef REPRISE_INSTANTIATE

}  // namespace reprise
