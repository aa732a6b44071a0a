#include "core/tensor/label_ranks.h"

#include <ATen/ops/arange.h>
#include <ATen/ops/full_like.h>
#include <ATen/ops/isnan.h>
#include <ATen/ops/where.h>

namespace reprise {

at::Tensor LabelRanksOnDevice(const at::Tensor& scores,
                              const at::Tensor& labels) {
  const at::Tensor label = labels.unsqueeze(1);
  const at::Tensor score = scores.gather(1, label);
  const at::Tensor classes =
      at::arange(scores.size(1), labels.options()).unsqueeze(0);
  // Of equal scores the lower class comes first.
  const at::Tensor above = scores.gt(score).logical_or(
      scores.eq(score).logical_and(classes.lt(label)));
  const at::Tensor ranks = above.sum(1);
  return at::where(at::isnan(scores).any(1),
                   at::full_like(ranks, scores.size(1)), ranks);
}

}  // namespace reprise
