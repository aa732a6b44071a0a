// A minibatch on one rank: references to stored rows, their labels and weights,
// and the tensors that the network sees.
#ifndef REPRISE_AGENTS_BATCH_H_
#define REPRISE_AGENTS_BATCH_H_

#include <ATen/core/Tensor.h>

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
  // Samples of the whole step before this rank's first appended one, over the
  // global incoming batch and the appended ones of lower ranks: appended sample
  // i has global position first_appended_position + i.
  int64_t first_appended_position = 0;

  std::vector<Sample> samples;
  std::vector<float> weights;
  // Global sample positions in the step: what random numbers are keyed by.
  std::vector<int64_t> positions;
  // [n, C, H, W] in the model's compute type, on its device; from the forward
  // pass on.
  at::Tensor input;

  int64_t size() const { return static_cast<int64_t>(samples.size()); }

  void Append(const Sample& sample, float weight, int64_t position) {
    samples.push_back(sample);
    weights.push_back(weight);
    positions.push_back(position);
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
