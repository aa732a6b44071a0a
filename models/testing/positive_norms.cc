#include "models/testing/positive_norms.h"

#include <ATen/ops/full.h>

#include <cstddef>
#include <cstdint>

namespace reprise {

void MakeNormsPositive(ParameterStore& parameters) {
  for (size_t i = 0; i < parameters.specs().size(); ++i) {
    const ParameterSpec& spec = parameters.specs()[i];
    if (!spec.in_master_type) continue;
    const bool scale = spec.name.substr(spec.name.rfind('.')) == ".weight";
    parameters.Import(static_cast<int64_t>(i),
                      at::full(spec.shape, scale ? 0.2 : 2.0, at::kDouble));
  }
  parameters.RefreshLeaves();
}

}  // namespace reprise
