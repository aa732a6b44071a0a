// One convolution of the search for unsafe ones: computed in guarded memory and
// compared with the same in fp64, which is not oneDNN's.
//
// Values are multiples of 1/4 up to 1, so that every sum of products in fp32 is
// exact in any order: results must equal those in fp64. In bf16 they may differ
// by one rounding of each value. Memory that nobody wrote is NaN.
#ifndef REPRISE_TESTS_CONVOLUTION_CONVOLUTION_CASE_H_
#define REPRISE_TESTS_CONVOLUTION_CONVOLUTION_CASE_H_

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <string>

namespace reprise {

// Whose convolution, and which of its passes.
enum class Convolver { kLibTorch, kModels };
enum class Pass { kForward, kInputGradient, kWeightGradient };

struct ConvolutionCase {
  int64_t batch = 1, inputs = 1, outputs = 1, height = 1, width = 1;
  int64_t kernel_h = 1, kernel_w = 1, stride = 1, padding = 0;
  bool input_last = false, weight_last = false;  // channels last
  at::ScalarType type = at::kFloat;
  Pass pass = Pass::kForward;

  // Whether the image, padded, has room for the kernel.
  bool is_possible() const;
};

// Empty where the results are right with the blocks' ends and with their begins
// guarded; else what was found first. The calling program ends in SIGSEGV where
// memory outside the blocks is accessed. LibTorch's exceptions pass through.
// UseGuardedMemoryForTensors was called.
std::string FaultOf(const ConvolutionCase& c, Convolver convolver);

}  // namespace reprise

#endif  // REPRISE_TESTS_CONVOLUTION_CONVOLUTION_CASE_H_
