// The forward passes over rows of a data set that change nothing: evaluation's
// and feature extraction's.
#ifndef REPRISE_AGENTS_TRAINING_FORWARD_BATCHES_H_
#define REPRISE_AGENTS_TRAINING_FORWARD_BATCHES_H_

#include <cstdint>
#include <functional>
#include <vector>

#include "agents/training/batch_input.h"
#include "core/base/sample.h"
#include "data/dataset.h"
#include "models/model.h"

namespace reprise {

// Calls `take` after the forward pass of each batch: at most `batch_size` of
// rows[begin] to rows[end - 1] of `dataset` in their order, the first of them
// rows[first]. In evaluation mode, not augmented; no gradients are recorded, in
// `take` neither. LibTorch exceptions pass through.
void ForEachForwardBatch(
    Model& model, const BatchInput& input, const Dataset& dataset,
    const std::vector<int64_t>& rows, int64_t begin, int64_t end,
    int64_t batch_size,
    const std::function<void(int64_t first, const std::vector<Sample>& samples,
                             const ModelOutput& output)>& take);

}  // namespace reprise

#endif  // REPRISE_AGENTS_TRAINING_FORWARD_BATCHES_H_
