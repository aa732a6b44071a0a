#include "models/model_weights.h"

#include <ATen/ops/empty.h>

#include <cstring>
#include <map>
#include <utility>
#include <vector>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "core/base/status.h"
#include "core/tensor/torch_status.h"

namespace reprise {
namespace {

StoredType StoredTypeOf(at::ScalarType master_type) {
  return master_type == at::kDouble ? StoredType::kFloat64
                                    : StoredType::kFloat32;
}

std::string Describe(StoredType type, const std::vector<int64_t>& shape) {
  return absl::StrCat(StoredTypeName(type), " [", absl::StrJoin(shape, ", "),
                      "]");
}

// What keeps `file` from being the parameters' values. The names in it that are
// known point to their tensor afterwards.
std::vector<std::string> ProblemsOf(
    const Safetensors& file, const ParameterStore& parameters,
    std::map<std::string, const StoredTensor*>& by_name) {
  std::vector<std::string> problems;
  const StoredType type = StoredTypeOf(parameters.master().scalar_type());
  for (const StoredTensor& tensor : file.tensors()) {
    by_name[tensor.name] = &tensor;
  }
  std::map<std::string, const StoredTensor*> unknown = by_name;
  for (const ParameterSpec& spec : parameters.specs()) {
    const auto found = by_name.find(spec.name);
    unknown.erase(spec.name);
    if (found == by_name.end()) {
      problems.push_back(absl::StrCat(spec.name, " is missing"));
    } else if (found->second->type != type ||
               found->second->shape != spec.shape) {
      problems.push_back(absl::StrCat(
          spec.name, ": expected ", Describe(type, spec.shape), ", found ",
          Describe(found->second->type, found->second->shape)));
    }
  }
  for (const auto& [name, tensor] : unknown) {
    problems.push_back(absl::StrCat(absl::CHexEscape(name), " ",
                                    Describe(tensor->type, tensor->shape),
                                    " is not a parameter of the model"));
  }
  return problems;
}

}  // namespace

absl::Status SaveWeights(const Model& model, const std::string& path,
                         SafetensorsMetadata metadata) {
  const ParameterStore& parameters = model.parameters();
  metadata["format"] = "pt";
  metadata["model"] = model.name();
  return CatchTorch("saving weights", [&] {
    std::vector<at::Tensor> values;
    std::vector<StoredTensor> tensors;
    for (size_t i = 0; i < parameters.specs().size(); ++i) {
      const ParameterSpec& spec = parameters.specs()[i];
      values.push_back(parameters.Exported(static_cast<int64_t>(i))
                           .to(at::kCPU)
                           .contiguous());
      tensors.push_back({spec.name,
                         StoredTypeOf(parameters.master().scalar_type()),
                         spec.shape,
                         {static_cast<const char*>(values.back().data_ptr()),
                          values.back().nbytes()}});
    }
    return WriteSafetensors(path, std::move(tensors), metadata);
  });
}

absl::Status LoadWeights(const std::string& path, Model& model) {
  REPRISE_ASSIGN_OR_RETURN(const Safetensors file, Safetensors::Read(path));
  ParameterStore& parameters = model.parameters();
  std::map<std::string, const StoredTensor*> by_name;
  const std::vector<std::string> problems =
      ProblemsOf(file, parameters, by_name);
  if (!problems.empty()) {
    return DataError(absl::StrCat(
        path, ": not the weights of this ", model.name(), ": ",
        absl::StrJoin(problems, "; "),
        "; choose the model, its options and the precision they were saved "
        "with"));
  }
  return CatchTorch("loading weights", [&] {
    for (size_t i = 0; i < parameters.specs().size(); ++i) {
      const ParameterSpec& spec = parameters.specs()[i];
      const absl::string_view bytes = by_name[spec.name]->bytes;
      const at::Tensor value =
          at::empty(spec.shape, parameters.master().scalar_type());
      std::memcpy(value.data_ptr(), bytes.data(), bytes.size());
      parameters.Import(static_cast<int64_t>(i), value);
    }
    parameters.RefreshLeaves();
    return absl::OkStatus();
  });
}

}  // namespace reprise
