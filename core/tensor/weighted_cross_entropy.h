// Weighted softmax cross-entropy over all classes, forward and backward at
// once, and what the scores say: the rank of the label among them (top-k
// accuracy) and the class with the highest.
#ifndef REPRISE_CORE_TENSOR_WEIGHTED_CROSS_ENTROPY_H_
#define REPRISE_CORE_TENSOR_WEIGHTED_CROSS_ENTROPY_H_

#include <cstdint>

namespace reprise {

// For each sample i of n, with K classes:
//   losses[i] = log sum_k exp(logits[i, k]) - logits[i, labels[i]] (unweighted)
//   gradient[i, k] = scale * weights[i] *
//                    (softmax(logits[i])_k - [k = labels[i]])
// so the caller obtains numerators of a weighted mean and divides by the sum of
// weights of all ranks once, in the optimizer. logits and gradient are
// [n, K] row-major and may be the same memory; gradient may be nullptr.
// Sums run in double, shifted by the largest logit: finite for finite logits.
// A NaN logit makes the sample's loss and gradient NaN.
// T is float or double.
template <typename T>
void WeightedCrossEntropy(const T* logits, const int32_t* labels,
                          const float* weights, int64_t n, int64_t num_classes,
                          double scale, double* losses, T* gradient);

// ranks[i] = how many classes score above labels[i]; of equal scores the lower
// class comes first, as argmax has it. 0 is a top1 hit, below 5 a top5 hit. A
// NaN in the row counts as a miss (rank K).
template <typename T>
void LabelRanks(const T* scores, const int32_t* labels, int64_t n,
                int64_t num_classes, int32_t* ranks);

// classes[i] = the class that scores highest, of equal scores the lowest one:
// the label where LabelRanks has 0, and no other class then. -1 where the row
// has a NaN.
template <typename T>
void PredictedClasses(const T* scores, int64_t n, int64_t num_classes,
                      int32_t* classes);

}  // namespace reprise

#endif  // REPRISE_CORE_TENSOR_WEIGHTED_CROSS_ENTROPY_H_
