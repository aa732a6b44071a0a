#include "agents/training/forward_batches.h"

#include <c10/core/GradMode.h>

#include <algorithm>

namespace reprise {

void ForEachForwardBatch(
    Model& model, const BatchInput& input, const Dataset& dataset,
    const std::vector<int64_t>& rows, int64_t begin, int64_t end,
    int64_t batch_size,
    const std::function<void(int64_t first, const std::vector<Sample>& samples,
                             const ModelOutput& output)>& take) {
  c10::AutoGradMode no_grad(false);
  for (int64_t first = begin; first < end; first += batch_size) {
    std::vector<Sample> samples;
    for (int64_t i = first; i < std::min(first + batch_size, end); ++i) {
      samples.push_back(dataset.At(rows[i]));
    }
    const ModelOutput output =
        model.Forward(input.Make(samples, model.options().compute_type,
                                 model.options().device),
                      ForwardContext{});
    take(first, samples, output);
  }
}

}  // namespace reprise
