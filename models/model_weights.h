// A model's parameters in a safetensors file: PyTorch's state-dict names,
// shapes and element order, in the master's type, so that
//   safetensors.torch.load_file("weights.safetensors")
// gives a state dict for the same network in PyTorch.
#ifndef REPRISE_MODELS_MODEL_WEIGHTS_H_
#define REPRISE_MODELS_MODEL_WEIGHTS_H_

#include <string>

#include "absl/status/status.h"
#include "core/checkpoint/safetensors.h"
#include "models/model.h"

namespace reprise {

// Replaces `path` in one step. Metadata get "model" and "format" ("pt", what
// PyTorch's readers look for) in addition.
absl::Status SaveWeights(const Model& model, const std::string& path,
                         SafetensorsMetadata metadata);

// DataError that lists every missing, unknown, differently shaped or typed
// tensor; the model is then as before. Fails as Safetensors::Read does
// otherwise.
absl::Status LoadWeights(const std::string& path, Model& model);

}  // namespace reprise

#endif  // REPRISE_MODELS_MODEL_WEIGHTS_H_
