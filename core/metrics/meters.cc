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
enum TrainCount { kIncoming, kRepresentatives, kTrainTop1, kTrainTop5 };
enum TestCount { kSamples, kTestTop1, kTestTop5 };

std::optional<double> Ratio(double sum, double weight) {
  if (weight == 0) return std::nullopt;
  return sum / weight;
}

}  // namespace

void TrainMeter::Add(const TrainStepSums& step) {
  sums_[kObjective] += step.objective_sum;
  sums_[kObjectiveWeight] += step.objective_weight;
  sums_[kIncomingLoss] += step.incoming_loss_sum;
  sums_[kRepresentativeLoss] += step.representative_loss_sum;
  sums_[kRepresentativeWeight] += step.representative_weight;
  counts_[kIncoming] += step.incoming_samples;
  counts_[kRepresentatives] += step.representatives;
  counts_[kTrainTop1] += step.top1_correct;
  counts_[kTrainTop5] += step.top5_correct;
}

std::optional<double> TrainMeter::Objective() const {
  return Ratio(sums_[kObjective], sums_[kObjectiveWeight]);
}

std::optional<double> TrainMeter::Top1() const {
  return Ratio(counts_[kTrainTop1], counts_[kIncoming]);
}

void TrainMeter::Fill(TrainEpochRecord* record) const {
  const double incoming = static_cast<double>(counts_[kIncoming]);
  record->loss = Objective().value_or(0);
  record->incoming_loss = Ratio(sums_[kIncomingLoss], incoming).value_or(0);
  record->representative_loss =
      Ratio(sums_[kRepresentativeLoss], counts_[kRepresentatives]);
  record->top1 = Top1().value_or(0);
  record->top5 = Ratio(counts_[kTrainTop5], incoming).value_or(0);
  record->incoming_samples = counts_[kIncoming];
  record->representatives = counts_[kRepresentatives];
  record->representative_weight_share =
      Ratio(sums_[kRepresentativeWeight], sums_[kObjectiveWeight]).value_or(0);
}

void TestMeter::Add(double loss_sum, int64_t top1_correct,
                    int64_t top5_correct, int64_t samples) {
  sums_[0] += loss_sum;
  counts_[kSamples] += samples;
  counts_[kTestTop1] += top1_correct;
  counts_[kTestTop5] += top5_correct;
}

void TestMeter::Fill(bool has_loss, TestRecord* record) const {
  const double samples = static_cast<double>(counts_[kSamples]);
  record->top1 = Ratio(counts_[kTestTop1], samples);
  record->top5 = Ratio(counts_[kTestTop5], samples);
  record->loss = has_loss ? Ratio(sums_[0], samples) : std::nullopt;
  record->correct = counts_[kTestTop1];
  record->samples = counts_[kSamples];
}

}  // namespace reprise
