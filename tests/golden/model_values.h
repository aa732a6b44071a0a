// What the golden tests of models read from a model on any device, in double
// precision in host memory.
#ifndef REPRISE_TESTS_GOLDEN_MODEL_VALUES_H_
#define REPRISE_TESTS_GOLDEN_MODEL_VALUES_H_

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <vector>

#include "models/parameter_store.h"

namespace reprise {

// In PyTorch's element order.
std::vector<double> Doubles(const at::Tensor& tensor);

// The gradient of parameter i, times `factor`.
std::vector<double> GradientOf(const ParameterStore& parameters, int64_t i,
                               double factor);

}  // namespace reprise

#endif  // REPRISE_TESTS_GOLDEN_MODEL_VALUES_H_
