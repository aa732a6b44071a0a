// iCaRL's loss as its paper has it (Rebuffi et al., CVPR 2017, Algorithm 3);
// the research code's is distillation_kl.h. Binary cross-entropy on sigmoid
// outputs, one per class, forward and backward at once. New classes learn their
// labels, old ones the previous network's outputs.
#ifndef REPRISE_CORE_TENSOR_SIGMOID_DISTILLATION_H_
#define REPRISE_CORE_TENSOR_SIGMOID_DISTILLATION_H_

#include <cstdint>
#include <vector>

namespace reprise {

enum class ClassRole : uint8_t {
  kUnseen,  // no part of the loss
  kOld,     // of an earlier task: the target is the previous network's output
  kNew,     // of this task: the target is 1 for the label, 0 otherwise
};

// For each sample i of n, with K = roles.size() classes, over the seen ones
// (old and new):
//   t_k = sigmoid(previous_logits[i, k]) if k is old, [k = labels[i]] if new
//   losses[i] = sum_k -t_k log sigmoid(z_k) - (1 - t_k) log(1 - sigmoid(z_k)),
//   gradient[i, k] = scale * weights[i] * (sigmoid(z_k) - t_k), 0 if unseen,
// where z = logits[i]. An exemplar of an old class is 0 in every new column,
// and its label says nothing about the old ones. Losses are unweighted;
// gradients are numerators of a weighted mean, as in WeightedCrossEntropy.
//
// logits, previous_logits and gradient are [n, K] row-major. gradient may be
// logits' memory, or nullptr; previous_logits may be nullptr where no class is
// old. Computed in double without overflow: the loss is finite for finite
// logits. A NaN among the seen logits or the targets makes the loss NaN.
// T is float or double. Thread-safe.
template <typename T>
void SigmoidDistillation(const T* logits, const T* previous_logits,
                         const int32_t* labels, const float* weights,
                         const std::vector<ClassRole>& roles, int64_t n,
                         double scale, double* losses, T* gradient);

}  // namespace reprise

#endif  // REPRISE_CORE_TENSOR_SIGMOID_DISTILLATION_H_
