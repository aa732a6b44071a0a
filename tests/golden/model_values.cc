#include "tests/golden/model_values.h"

namespace reprise {

std::vector<double> Doubles(const at::Tensor& tensor) {
  const at::Tensor host = tensor.detach()
                              .to(at::kCPU, at::kDouble)
                              .contiguous(at::MemoryFormat::Contiguous);
  return {host.data_ptr<double>(), host.data_ptr<double>() + host.numel()};
}

std::vector<double> GradientOf(const ParameterStore& parameters, int64_t i,
                               double factor) {
  const at::Tensor& leaf = parameters.leaf(i);
  // The leaf's place in the flat vector is its gradient's, one further.
  std::vector<double> values =
      Doubles(parameters.gradients_with_weight_sum().as_strided(
          leaf.sizes(), leaf.strides(), 1 + leaf.storage_offset()));
  for (double& value : values) value *= factor;
  return values;
}

}  // namespace reprise
