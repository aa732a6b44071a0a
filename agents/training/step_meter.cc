#include "agents/training/step_meter.h"

#include <cmath>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "core/tensor/weighted_cross_entropy.h"

namespace reprise {
namespace {

absl::Status CheckFinite(const Batch& batch, const LossResult& loss) {
  constexpr size_t kMostListed = 8;
  std::vector<std::string> listed;
  int64_t nonfinite = 0;
  for (int64_t i = 0; i < batch.size(); ++i) {
    if (std::isfinite(loss.losses[i])) continue;
    ++nonfinite;
    if (listed.size() == kMostListed) listed.push_back("...");
    if (listed.size() < kMostListed) {
      listed.push_back(absl::StrCat(batch.samples[i].id));
    }
  }
  if (nonfinite == 0) return absl::OkStatus();
  return absl::OutOfRangeError(absl::StrCat(
      "the loss is not finite for ", nonfinite, " of ", batch.size(),
      " samples (training rows ", absl::StrJoin(listed, ", "),
      "); lower --lr or start from other parameters (--seed)"));
}

}  // namespace

absl::Status AddToMeter(const Batch& batch, const LossResult& loss,
                        const at::Tensor& logits, TrainMeter* meter) {
  const at::Tensor host =
      logits.detach().to(at::kCPU).to(at::kFloat).contiguous();
  const std::vector<int32_t> labels = batch.Labels();
  std::vector<int32_t> ranks(batch.incoming);
  LabelRanks<float>(host.data_ptr<float>(), labels.data(), batch.incoming,
                    host.size(1), ranks.data());
  const TopCounts correct = CountTop(ranks);
  TrainStepSums sums;
  sums.top1_correct = correct.top1;
  sums.top5_correct = correct.top5;
  for (int64_t i = 0; i < batch.size(); ++i) {
    const double l = loss.losses[i], w = batch.weights[i];
    const double factor =
        loss.objective_factors.empty() ? 1.0 : loss.objective_factors[i];
    sums.objective_sum += w * factor * l;
    sums.objective_weight += w;
    if (i < batch.incoming) {
      ++sums.incoming_samples;
      sums.incoming_loss_sum += l;
    } else {
      ++sums.representatives;
      sums.representative_loss_sum += l;
      sums.representative_weight += w;
    }
  }
  meter->Add(sums);
  return CheckFinite(batch, loss);
}

}  // namespace reprise
