#include "models/layers.h"

#include <cmath>
#include <utility>

#include "core/base/check.h"
#include "core/tensor/dropout_mask.h"
#include "core/tensor/staging.h"
#include "core/tensor/torch_dtype.h"

namespace reprise {

void AppendLayer(const std::string& name, std::vector<int64_t> shape,
                 std::vector<ParameterSpec>& specs) {
  const int64_t outputs = shape[0];
  ParameterSpec weight{name + ".weight", std::move(shape)};
  const int64_t fan_in = weight.size() / outputs;
  weight.bound = 1 / std::sqrt(static_cast<double>(fan_in));
  ParameterSpec bias{name + ".bias", {outputs}, weight.bound};
  specs.push_back(std::move(weight));
  specs.push_back(std::move(bias));
}

at::Tensor DropoutMask(const ModelOptions& options,
                       const ForwardContext& context, int64_t n,
                       int64_t elements, double probability) {
  REPRISE_CHECK(context.positions != nullptr &&
                static_cast<int64_t>(context.positions->size()) == n)
      << "training needs one position per sample";
  const at::Tensor mask =
      EmptyForDevice({n, elements}, options.compute_type, options.device);
  FillDropoutMask(context.dropout, *context.positions, elements, probability,
                  DTypeOf(options.compute_type), mask.data_ptr());
  return ToDevice(mask, options.device);
}

}  // namespace reprise
