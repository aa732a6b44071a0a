#include "tests/convolution/convolution_case.h"

#include <ATen/ops/convolution.h>
#include <ATen/ops/convolution_backward.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/empty_strided.h>

#include <cmath>
#include <cstdint>
#include <string>
#include <vector>

#include "models/convolution.h"
#include "tests/convolution/guarded_memory.h"

namespace reprise {
namespace {

// Strides of a tensor [A, B, H, W] as models/parameter_store.cc assigns them:
// also where an extent of 1 would leave a choice.
std::vector<int64_t> Strides(at::IntArrayRef shape, bool channels_last) {
  const int64_t plane = shape[2] * shape[3];
  if (channels_last)
    return {shape[1] * plane, 1, shape[3] * shape[1], shape[1]};
  return {shape[1] * plane, plane, shape[3], 1};
}

at::Tensor Drawn(const std::vector<int64_t>& shape, uint64_t seed) {
  at::Tensor tensor = at::empty(shape, at::kDouble);
  // Of a linear congruential generator (Knuth) the high bits.
  uint64_t state = seed;
  for (int64_t i = 0; i < tensor.numel(); ++i) {
    state = state * 6364136223846793005u + 1442695040888963407u;
    tensor.data_ptr<double>()[i] =
        (static_cast<double>((state >> 33) % 9) - 4) / 4;
  }
  return tensor;
}

at::Tensor Placed(const at::Tensor& values, at::ScalarType type,
                  bool channels_last) {
  at::Tensor placed =
      at::empty_strided(values.sizes(), Strides(values.sizes(), channels_last),
                        at::TensorOptions().dtype(type));
  return placed.copy_(values);
}

struct Operands {
  at::Tensor x, weight, bias, gradient;
};

std::vector<at::Tensor> OfLibTorch(const ConvolutionCase& c,
                                   const Operands& operands) {
  const std::vector<int64_t> stride(2, c.stride), padding(2, c.padding),
      dilation(2, 1), none(2, 0);
  if (c.pass == Pass::kForward) {
    return {at::convolution(operands.x, operands.weight, operands.bias, stride,
                            padding, dilation, false, none, 1)};
  }
  const bool of_x = c.pass == Pass::kInputGradient;
  const auto [dx, dweight, dbias] =
      at::convolution_backward(operands.gradient, operands.x, operands.weight,
                               at::IntArrayRef({c.outputs}), stride, padding,
                               dilation, false, none, 1, {of_x, !of_x, !of_x});
  if (of_x) return {dx};
  return {dweight, dbias};
}

std::vector<at::Tensor> OfModels(const ConvolutionCase& c,
                                 const Operands& operands) {
  const auto leaf = [&](const at::Tensor& tensor, Pass pass) {
    return tensor.detach().set_requires_grad(c.pass == pass);
  };
  const at::Tensor x = leaf(operands.x, Pass::kInputGradient),
                   weight = leaf(operands.weight, Pass::kWeightGradient),
                   bias = leaf(operands.bias, Pass::kWeightGradient);
  const at::Tensor y = Convolve(x, weight, bias, c.stride, c.padding);
  if (c.pass == Pass::kForward) return {y};
  y.backward(operands.gradient);
  if (c.pass == Pass::kInputGradient) return {x.grad()};
  return {weight.grad(), bias.grad()};
}

// Empty where all of `found` is `exact`, in bf16 but for one rounding to
// nearest.
std::string Difference(const at::Tensor& found, const at::Tensor& exact) {
  const at::Tensor values = found.to(at::kDouble).contiguous(),
                   expected = exact.contiguous();
  if (values.sizes() != expected.sizes()) return "another shape";
  const double unit = found.scalar_type() == at::kBFloat16 ? 1.0 / 256 : 0;
  for (int64_t i = 0; i < expected.numel(); ++i) {
    const double is = values.data_ptr<double>()[i],
                 should = expected.data_ptr<double>()[i];
    if (!(std::abs(is - should) <= unit * std::abs(should))) {
      return std::to_string(is) + " for " + std::to_string(should);
    }
  }
  return "";
}

}  // namespace

bool ConvolutionCase::is_possible() const {
  return height + 2 * padding >= kernel_h && width + 2 * padding >= kernel_w;
}

std::string FaultOf(const ConvolutionCase& c, Convolver convolver) {
  const Operands exact{
      Drawn({c.batch, c.inputs, c.height, c.width}, 1),
      Drawn({c.outputs, c.inputs, c.kernel_h, c.kernel_w}, 2),
      Drawn({c.outputs}, 3),
      Drawn({c.batch, c.outputs,
             (c.height + 2 * c.padding - c.kernel_h) / c.stride + 1,
             (c.width + 2 * c.padding - c.kernel_w) / c.stride + 1},
            4)};
  const std::vector<at::Tensor> expected = OfLibTorch(c, exact);
  for (const GuardedSide side : {GuardedSide::kEnd, GuardedSide::kBegin}) {
    const int64_t changed = ChangedPatterns();
    std::string fault;
    {
      const GuardedScope guarded(side);
      const Operands operands{Placed(exact.x, c.type, c.input_last),
                              Placed(exact.weight, c.type, c.weight_last),
                              exact.bias.to(c.type),
                              Placed(exact.gradient, c.type, c.input_last)};
      const std::vector<at::Tensor> found = convolver == Convolver::kLibTorch
                                                ? OfLibTorch(c, operands)
                                                : OfModels(c, operands);
      for (size_t i = 0; i < found.size() && fault.empty(); ++i) {
        fault = Difference(found[i], expected[i]);
      }
    }
    if (ChangedPatterns() != changed) return "bytes beside a block changed";
    if (!fault.empty()) return fault;
  }
  return "";
}

}  // namespace reprise
