// What several networks are made of: layers with PyTorch's default initial
// values, and dropout masks.
#ifndef REPRISE_MODELS_LAYERS_H_
#define REPRISE_MODELS_LAYERS_H_

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <string>
#include <vector>

#include "models/model.h"
#include "models/parameter_store.h"

namespace reprise {

// Appends NAME.weight of `shape` (outputs first) and NAME.bias of a linear or
// convolutional layer, both uniform in +-1 / sqrt(fan_in).
void AppendLayer(const std::string& name, std::vector<int64_t> shape,
                 std::vector<ParameterSpec>& specs);

// [n, elements] factors 0 or 1 / (1 - probability) in the model's compute type
// and on its device (core/tensor/dropout_mask.h). For training only.
at::Tensor DropoutMask(const ModelOptions& options,
                       const ForwardContext& context, int64_t n,
                       int64_t elements, double probability);

}  // namespace reprise

#endif  // REPRISE_MODELS_LAYERS_H_
