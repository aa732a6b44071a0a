// A minibatch on one rank: references to stored rows, their labels and weights,
// and the tensors that the network sees.
#ifndef REPRISE_AGENTS_BATCH_H_
#define REPRISE_AGENTS_BATCH_H_

#include <ATen/core/Tensor.h>

#include <algorithm>
#include <cstdint>
#include <vector>

#include "core/base/sample.h"

namespace reprise {

// The first `incoming` samples come from the epoch; AugmentBatch may append
// others (representatives). Vectors are parallel.
struct Batch {
  int64_t task = 0;
  int64_t step_of_task = 0;  // over the epochs of the task
  int64_t epoch = 0;         // of the task
  int64_t step_of_epoch = 0;
  int64_t incoming = 0;
  // Over all ranks in this step; the rank's are a slice (core/base/slices.h).
  int64_t global_incoming = 0;
  // Over all ranks in a whole step. Global positions of appended samples start
  // here: in slices of the ranks at first_appended_position + i, or as the
  // agent numbers those of all ranks.
  int64_t global_batch_size = 0;
  int64_t first_appended_position = 0;

  std::vector<Sample> samples;
  // The rows of the last so many lie in the memory of the model's device.
  int64_t on_device = 0;
  std::vector<float> weights;
  // Global sample positions in the step: what random numbers are keyed by.
  std::vector<int64_t> positions;
  // For Loss, on the model's device: [n, C, H, W] in its compute type; [n]
  // kLong and [n] kFloat of `samples` and `weights`.
  at::Tensor input, labels, loss_weights;

  // Makes labels and loss_weights of samples and weights.
  void MakeLossTensors(at::Device device);

  int64_t size() const { return static_cast<int64_t>(samples.size()); }

  void Append(const Sample& sample, float weight, int64_t position) {
    samples.push_back(sample);
    weights.push_back(weight);
    positions.push_back(position);
  }

  // Samples [begin, end) as a batch of their own, without tensors.
  Batch Part(int64_t begin, int64_t end) const {
    Batch part = *this;
    const auto cut = [&](auto& values) {
      values.erase(values.begin() + end, values.end());
      values.erase(values.begin(), values.begin() + begin);
    };
    cut(part.samples);
    cut(part.weights);
    cut(part.positions);
    part.incoming = std::clamp<int64_t>(incoming - begin, 0, end - begin);
    part.on_device =
        std::clamp<int64_t>(end - (size() - on_device), 0, end - begin);
    part.first_appended_position += std::max<int64_t>(begin - incoming, 0);
    part.input = part.labels = part.loss_weights = at::Tensor();
    return part;
  }

  // The same with its tensors, which are there.
  Batch PartWithTensors(int64_t begin, int64_t end) const {
    Batch part = Part(begin, end);
    part.input = input.narrow(0, begin, end - begin);
    part.labels = labels.narrow(0, begin, end - begin);
    part.loss_weights = loss_weights.narrow(0, begin, end - begin);
    return part;
  }

  std::vector<int32_t> Labels() const {
    std::vector<int32_t> labels;
    labels.reserve(samples.size());
    for (const Sample& sample : samples) labels.push_back(sample.label);
    return labels;
  }
};

}  // namespace reprise

#endif  // REPRISE_AGENTS_BATCH_H_
