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
  std::vector<double> values = Doubles(parameters.gradient(i));
  for (double& value : values) value *= factor;
  return values;
}

}  // namespace reprise
