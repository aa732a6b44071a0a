// The order in which iCaRL chooses the exemplars of a class (Rebuffi et al.,
// "iCaRL: Incremental Classifier and Representation Learning", CVPR 2017,
// Algorithm 4): each choice brings the mean of those chosen as close as it can
// to the mean of the class. The first m of the order are the exemplars; a
// smaller budget keeps a prefix.
#ifndef REPRISE_CORE_TENSOR_HERDING_H_
#define REPRISE_CORE_TENSOR_HERDING_H_

#include <cstdint>
#include <vector>

namespace reprise {

// features: [n, d] row-major, the samples of one class, L2-normalised rows
// (NormalizeRows). Returns min(m, n) rows, each once, the first chosen first:
//   p_k = argmin over rows not yet chosen of
//         |mu - (phi + phi(p_1) + ... + phi(p_(k-1))) / k|,
// where mu is the mean of the rows, not normalised again. Computed in double;
// equal rows tie exactly, and ties go to the smallest index. A pure function of
// its arguments, the same on every machine. With a NaN in any row, the order is
// that of the indices.
//
// Cost: one dot product of length d per row not yet chosen and choice, up to
// n m d multiply-adds, and n + d numbers of memory. Thread-safe.
std::vector<int64_t> HerdingOrder(const float* features, int64_t n, int64_t d,
                                  int64_t m);

}  // namespace reprise

#endif  // REPRISE_CORE_TENSOR_HERDING_H_
