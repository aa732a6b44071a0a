// Sums that a training epoch accumulates, correct answers, and the rate of
// images. Losses are summed in fp64 and samples are counted in int64, so
// merging ranks is the element-wise sum of two plain arrays (one AllReduce
// each) and accuracies are exact at any world size. Not thread-safe.
#ifndef REPRISE_CORE_METRICS_METERS_H_
#define REPRISE_CORE_METRICS_METERS_H_

#include <array>
#include <cstdint>
#include <optional>
#include <vector>

#include "core/metrics/metric_sink.h"

namespace reprise {

// Samples whose label is the first, and among the first five.
struct TopCounts {
  int64_t top1 = 0, top5 = 0;
};

// `label_ranks`: of each sample how many classes score above its label, as
// LabelRanks (core/tensor/weighted_cross_entropy.h) has it.
TopCounts CountTop(const std::vector<int32_t>& label_ranks);

// The sums of one step on one rank. A loss sum is over samples, not a mean.
struct TrainStepSums {
  double objective_sum = 0;      // sum of w_i * l_i over all rows of the step
  double objective_weight = 0;   // sum of w_i over the same rows
  double incoming_loss_sum = 0;  // unweighted
  double representative_loss_sum = 0;  // unweighted
  double representative_weight = 0;    // sum of w_i over representatives
  int64_t incoming_samples = 0;
  int64_t representatives = 0;
  int64_t top1_correct = 0;  // of the incoming samples
  int64_t top5_correct = 0;
};

class TrainMeter {
 public:
  static constexpr int kNumSums = 5;
  static constexpr int kNumCounts = 4;

  void Add(const TrainStepSums& step);

  // To be summed over ranks in place.
  std::array<double, kNumSums>& sums() { return sums_; }
  std::array<int64_t, kNumCounts>& counts() { return counts_; }

  // sum w l / sum w; null before the first sample, as the others.
  std::optional<double> Objective() const;
  std::optional<double> Top1() const;

  // Fills what this meter knows: the losses, top1, top5, incoming_samples,
  // representatives and representative_weight_share. An epoch without samples
  // has 0 for what the record cannot leave out.
  void Fill(TrainEpochRecord* record) const;

 private:
  std::array<double, kNumSums> sums_{};
  std::array<int64_t, kNumCounts> counts_{};
};

// The one place that computes images a second. They count incoming samples,
// never representatives: rehearsal costs time and earns no image.
class ThroughputMeter {
 public:
  // `samples` of all ranks, trained in `seconds` of wall clock.
  void Add(int64_t samples, double seconds) {
    samples_ += samples;
    seconds_ += seconds;
  }

  // Of all ranks. Null before time has passed.
  std::optional<double> ImagesPerSecond() const {
    if (!(seconds_ > 0)) return std::nullopt;
    return static_cast<double>(samples_) / seconds_;
  }

  // The mean over `world_size` >= 1 ranks.
  std::optional<double> ImagesPerSecondOfRank(int world_size) const {
    const std::optional<double> total = ImagesPerSecond();
    if (!total.has_value()) return std::nullopt;
    return *total / world_size;
  }

 private:
  int64_t samples_ = 0;
  double seconds_ = 0;
};

}  // namespace reprise

#endif  // REPRISE_CORE_METRICS_METERS_H_
