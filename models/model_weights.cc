#include "models/model_weights.h"

#include <ATen/ops/empty.h>

#include <cstring>
#include <map>
#include <utility>
#include <vector>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "core/base/dtype.h"
#include "core/base/status.h"
#include "core/tensor/torch_dtype.h"
#include "core/tensor/torch_status.h"

namespace reprise {
namespace {

std::string Describe(DType type, const std::vector<int64_t>& shape) {
  return absl::StrCat(StoredTypeName(type), " [", absl::StrJoin(shape, ", "),
                      "]");
}

// One tensor of the state dict.
struct Entry {
  std::string name;
  DType type;
  std::vector<int64_t> shape;
  at::Tensor value;  // contiguous, in host memory
};

// Name, type and shape of all; values where `with_values`.
std::vector<Entry> StateDict(const Model& model, bool with_values) {
  const ParameterStore& parameters = model.parameters();
  const DType type = DTypeOf(model.options().master_type);
  std::vector<Entry> entries;
  const auto add = [&](std::string name, DType entry_type,
                       std::vector<int64_t> shape) {
    entries.push_back({std::move(name), entry_type, std::move(shape), {}});
    return &entries.back();
  };
  const auto host = [](const at::Tensor& value) {
    return value.to(at::kCPU).contiguous();
  };
  for (size_t i = 0; i < parameters.specs().size(); ++i) {
    const ParameterSpec& spec = parameters.specs()[i];
    Entry* entry = add(spec.name, type, spec.shape);
    if (with_values) {
      entry->value = host(parameters.Exported(static_cast<int64_t>(i)));
    }
  }
  const RunningStatistics& statistics = model.running_statistics();
  for (size_t i = 0; i < statistics.layers().size(); ++i) {
    const auto& [name, channels] = statistics.layers()[i];
    Entry* mean = add(name + ".running_mean", type, {channels});
    if (with_values) mean->value = host(statistics.mean(i));
    Entry* variance = add(name + ".running_var", type, {channels});
    if (with_values) variance->value = host(statistics.variance(i));
    Entry* batches = add(name + ".num_batches_tracked", DType::kInt64, {});
    if (with_values) {
      batches->value = at::empty({}, at::TensorOptions(at::kLong));
      *batches->value.data_ptr<int64_t>() = statistics.batches_tracked();
    }
  }
  return entries;
}

// What keeps `file` from being the model's. The names in it that are known
// point to their tensor afterwards.
std::vector<std::string> ProblemsOf(
    const Safetensors& file, const std::vector<Entry>& entries,
    std::map<std::string, const StoredTensor*>& by_name) {
  std::vector<std::string> problems;
  for (const StoredTensor& tensor : file.tensors()) {
    by_name[tensor.name] = &tensor;
  }
  std::map<std::string, const StoredTensor*> unknown = by_name;
  for (const Entry& entry : entries) {
    const auto found = by_name.find(entry.name);
    unknown.erase(entry.name);
    if (found == by_name.end()) {
      problems.push_back(absl::StrCat(entry.name, " is missing"));
    } else if (found->second->type != entry.type ||
               found->second->shape != entry.shape) {
      problems.push_back(absl::StrCat(
          entry.name, ": expected ", Describe(entry.type, entry.shape),
          ", found ", Describe(found->second->type, found->second->shape)));
    }
  }
  for (const auto& [name, tensor] : unknown) {
    problems.push_back(absl::StrCat(absl::CHexEscape(name), " ",
                                    Describe(tensor->type, tensor->shape),
                                    " is not a tensor of the model"));
  }
  return problems;
}

}  // namespace

absl::Status SaveWeights(const Model& model, const std::string& path,
                         SafetensorsMetadata metadata) {
  metadata["format"] = "pt";
  metadata["model"] = model.name();
  return CatchTorch("saving weights", [&] {
    const std::vector<Entry> entries = StateDict(model, /*with_values=*/true);
    std::vector<StoredTensor> tensors;
    for (const Entry& entry : entries) {
      tensors.push_back({entry.name,
                         entry.type,
                         entry.shape,
                         {static_cast<const char*>(entry.value.data_ptr()),
                          entry.value.nbytes()}});
    }
    return WriteSafetensors(path, std::move(tensors), metadata);
  });
}

absl::Status LoadWeights(const std::string& path, Model& model) {
  REPRISE_ASSIGN_OR_RETURN(const Safetensors file, Safetensors::Read(path));
  std::map<std::string, const StoredTensor*> by_name;
  std::vector<std::string> problems;
  return CatchTorch("loading weights", [&]() -> absl::Status {
    problems =
        ProblemsOf(file, StateDict(model, /*with_values=*/false), by_name);
    if (!problems.empty()) {
      return DataError(absl::StrCat(
          path, ": not the weights of this ", model.name(), ": ",
          absl::StrJoin(problems, "; "),
          "; choose the model, its options and the precision they were saved "
          "with"));
    }
    const auto read = [&](const std::string& name, at::ScalarType type) {
      const StoredTensor& stored = *by_name[name];
      at::Tensor value = at::empty(stored.shape, type);
      std::memcpy(value.data_ptr(), stored.bytes.data(), stored.bytes.size());
      return value;
    };
    const at::ScalarType type = model.options().master_type;
    ParameterStore& parameters = model.parameters();
    for (size_t i = 0; i < parameters.specs().size(); ++i) {
      parameters.Import(static_cast<int64_t>(i),
                        read(parameters.specs()[i].name, type));
    }
    parameters.RefreshLeaves();
    RunningStatistics& statistics = model.running_statistics();
    for (size_t i = 0; i < statistics.layers().size(); ++i) {
      const std::string& name = statistics.layers()[i].name;
      statistics.mean(i).copy_(read(name + ".running_mean", type));
      statistics.variance(i).copy_(read(name + ".running_var", type));
      statistics.set_batches_tracked(
          *read(name + ".num_batches_tracked", at::kLong).data_ptr<int64_t>());
    }
    return absl::OkStatus();
  });
}

}  // namespace reprise
