#include "core/metrics/meters.h"

namespace reprise {
namespace {

enum TrainSum {
  kObjective,
  kObjectiveWeight,
  kIncomingLoss,
  kRepresentativeLoss,
  kRepresentativeWeight,
};
enum TrainCount { kIncoming, kRepresentatives, kTop1, kTop5 };

std::optional<double> Ratio(double sum, double weight) {
  if (weight == 0) return std::nullopt;
  return sum / weight;
}

}  // namespace

TopCounts CountTop(const std::vector<int32_t>& label_ranks) {
  TopCounts counts;
  for (const int32_t rank : label_ranks) {
    counts.top1 += rank < 1;
    counts.top5 += rank < 5;
  }
  return counts;
}

void TrainMeter::Add(const TrainStepSums& step) {
  sums_[kObjective] += step.objective_sum;
  sums_[kObjectiveWeight] += step.objective_weight;
  sums_[kIncomingLoss] += step.incoming_loss_sum;
  sums_[kRepresentativeLoss] += step.representative_loss_sum;
  sums_[kRepresentativeWeight] += step.representative_weight;
  counts_[kIncoming] += step.incoming_samples;
  counts_[kRepresentatives] += step.representatives;
  counts_[kTop1] += step.top1_correct;
  counts_[kTop5] += step.top5_correct;
}

std::optional<double> TrainMeter::Objective() const {
  return Ratio(sums_[kObjective], sums_[kObjectiveWeight]);
}

std::optional<double> TrainMeter::Top1() const {
  return Ratio(counts_[kTop1], counts_[kIncoming]);
}

void TrainMeter::Fill(TrainEpochRecord* record) const {
  const double incoming = static_cast<double>(counts_[kIncoming]);
  record->loss = Objective().value_or(0);
  record->incoming_loss = Ratio(sums_[kIncomingLoss], incoming).value_or(0);
  record->representative_loss =
      Ratio(sums_[kRepresentativeLoss], counts_[kRepresentatives]);
  record->top1 = Top1().value_or(0);
  record->top5 = Ratio(counts_[kTop5], incoming).value_or(0);
  record->incoming_samples = counts_[kIncoming];
  record->representatives = counts_[kRepresentatives];
  record->representative_weight_share =
      Ratio(sums_[kRepresentativeWeight], sums_[kObjectiveWeight]).value_or(0);
}

}  // namespace reprise
