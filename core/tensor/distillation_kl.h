// iCaRL's distillation as the research code has it (`implementation:
// 'upstream'`); the paper's loss is sigmoid_distillation.h. Distillation of a
// network's class distribution (Hinton et al. 2015, temperature 1): the
// divergence of softmax outputs from stored ones, forward and backward at once.
#ifndef REPRISE_CORE_TENSOR_DISTILLATION_KL_H_
#define REPRISE_CORE_TENSOR_DISTILLATION_KL_H_

#include <cstdint>

namespace reprise {

// For each sample i of n, with p = softmax(previous_logits[i]) and
// s = softmax(logits[i]) over all K classes:
//   losses[i] = KL(p || s) = sum_k p_k (log p_k - log s_k), at least 0,
//   gradient[i, k] = scale * weights[i] * (s_k - p_k).
// The mean of the losses is torch.nn.KLDivLoss(reduction='batchmean').
// Losses are unweighted; gradients are numerators of a weighted mean, as in
// WeightedCrossEntropy. logits, previous_logits and gradient are [n, K]
// row-major; gradient may be logits' memory, or nullptr. Computed in double,
// shifted by the largest logit: finite for finite logits. A NaN logit makes the
// sample's loss and gradient NaN. T is float or double. Thread-safe.
template <typename T>
void DistillationKl(const T* logits, const T* previous_logits,
                    const float* weights, int64_t n, int64_t num_classes,
                    double scale, double* losses, T* gradient);

}  // namespace reprise

#endif  // REPRISE_CORE_TENSOR_DISTILLATION_KL_H_
