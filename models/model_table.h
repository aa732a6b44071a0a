// The networks by name, for launch: which there are, what they take, and how
// one is made.
#ifndef REPRISE_MODELS_MODEL_TABLE_H_
#define REPRISE_MODELS_MODEL_TABLE_H_

#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "models/model.h"
#include "models/resnet.h"

namespace reprise {

struct ModelChoice {
  std::string name;           // a row's of model_table.cc
  ResNetOptions resnet = {};  // of a resnet
};

// As Model::name() of what MakeModel makes of it.
std::string NameOf(const ModelChoice& choice);

// Parameters are zero until Initialize. UsageError where the choice names no
// model.
absl::StatusOr<std::unique_ptr<Model>> MakeModel(const ModelChoice& choice,
                                                 const ModelOptions& options);

}  // namespace reprise

#endif  // REPRISE_MODELS_MODEL_TABLE_H_
