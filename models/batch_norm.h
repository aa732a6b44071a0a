// Batch normalisation (Ioffe, Szegedy 2015) with PyTorch's definitions: batch
// statistics in training, running ones (momentum 0.1, unbiased variance) in
// evaluation, epsilon 1e-5. Statistics are those of the rank's own minibatch;
// running ones are merged over ranks before anything reads them
// (core/tensor/batch_norm_merge.h). Or, synchronised, those of all ranks'
// minibatches together: each layer sums mean and square sums over the ranks in
// forward, and its two gradient sums in backward.
#ifndef REPRISE_MODELS_BATCH_NORM_H_
#define REPRISE_MODELS_BATCH_NORM_H_

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "core/base/state.h"

namespace reprise {

// The running statistics of all batch normalisations of a model: buffers, in
// PyTorch's terms. Not thread-safe.
class RunningStatistics {
 public:
  struct Layer {
    std::string name;  // "layer1.0.bn1"
    int64_t channels = 0;
  };

  // Means 0, variances 1. `type`: kFloat or kDouble.
  RunningStatistics(std::vector<Layer> layers, at::Device device,
                    at::ScalarType type);
  RunningStatistics(const RunningStatistics&) = delete;

  const std::vector<Layer>& layers() const { return layers_; }
  bool empty() const { return layers_.empty(); }
  // [Q], all layers one after the other; mean(i), variance(i) are views.
  const at::Tensor& means() const { return means_; }
  const at::Tensor& variances() const { return variances_; }
  const at::Tensor& mean(size_t i) const { return layer_means_[i]; }
  const at::Tensor& variance(size_t i) const { return layer_variances_[i]; }

  // Minibatches that went into them.
  int64_t batches_tracked() const { return batches_tracked_; }
  void set_batches_tracked(int64_t batches) { batches_tracked_ = batches; }

  // Sums a [n] kDouble tensor in host memory over all ranks, in place; throws
  // what ends forward or backward when it cannot.
  using SumOverRanks = std::function<void(at::Tensor& sums)>;
  // Where set, training is synchronised: every rank calls forward and backward,
  // a rank without samples too. Not copied.
  // One at a time, as ParameterStore's callback.
  void set_sum_over_ranks(SumOverRanks sum);
  const SumOverRanks& sum_over_ranks() const { return sum_over_ranks_; }

  // Means, variances, and the number of minibatches. Errors as
  // core/base/state.h; LibTorch exceptions pass through.
  void SaveState(const StateWriter& state) const;
  absl::Status LoadState(const StateReader& state);

  // As constructed.
  void Reset();
  // `other` has the same layers.
  void CopyFrom(const RunningStatistics& other);

 private:
  std::vector<Layer> layers_;
  at::Tensor means_, variances_;
  std::vector<at::Tensor> layer_means_, layer_variances_;
  int64_t batches_tracked_ = 0;
  SumOverRanks sum_over_ranks_;
};

// x: [n, C, H, W] in the compute type, n H W > 1 in training (synchronised: of
// all ranks); weight and bias [C] in the statistics' type. Updates layer i's
// running statistics in training. Synchronised, `statistics` outlive backward.
at::Tensor BatchNorm(const at::Tensor& x, const at::Tensor& weight,
                     const at::Tensor& bias,
                     const RunningStatistics& statistics, size_t i,
                     bool training);

}  // namespace reprise

#endif  // REPRISE_MODELS_BATCH_NORM_H_
