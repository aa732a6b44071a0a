// The networks' convolution where LibTorch's own is wrong or leaves its memory
// (unsafe_convolutions.cc found where), between pages that nobody may touch.
#include <ATen/Parallel.h>
#include <ATen/Version.h>

#include <cstdint>
#include <string>

#include "gtest/gtest.h"
#include "tests/convolution/convolution_case.h"
#include "tests/convolution/guarded_memory.h"

namespace reprise {
namespace {

class ConvolveTest : public testing::TestWithParam<at::ScalarType> {
 protected:
  static void SetUpTestSuite() {
    at::set_num_threads(1);
    UseGuardedMemoryForTensors();
  }

  void SetUp() override {
    const std::string capability = at::get_cpu_capability();
    if (GetParam() == at::kBFloat16 && capability.rfind("AVX512", 0) != 0) {
      GTEST_SKIP() << "bf16 on " << capability
                   << " is LibTorch's own, which rounds partial sums, too";
    }
  }

  // In all passes and formats.
  static void ExpectRight(ConvolutionCase c) {
    c.type = GetParam();
    for (const bool input_last : {false, true}) {
      for (const bool weight_last : {false, true}) {
        for (const Pass pass :
             {Pass::kForward, Pass::kInputGradient, Pass::kWeightGradient}) {
          c.input_last = input_last;
          c.weight_last = weight_last;
          c.pass = pass;
          EXPECT_EQ(FaultOf(c, Convolver::kModels), "")
              << c.batch << " images " << c.height << " x " << c.width << ", "
              << c.inputs << " to " << c.outputs << " channels, kernel "
              << c.kernel_h << " x " << c.kernel_w << ", stride " << c.stride
              << ", padding " << c.padding << ", channels last: input "
              << input_last << " weight " << weight_last << ", pass "
              << static_cast<int>(pass);
        }
      }
    }
  }
};

TEST_P(ConvolveTest, IsExactForNarrowStridedOnesByOne) {
  ConvolutionCase c;
  c.batch = 3;
  for (c.inputs = 1; c.inputs <= 17; ++c.inputs) {
    for (const int64_t outputs : {1, 8, 17}) {
      for (const int64_t side : {5, 16}) {
        c.outputs = outputs;
        c.height = c.width = side;
        c.stride = 2;
        ExpectRight(c);
      }
    }
    c.stride = 3;
    c.padding = c.inputs % 2;
    ExpectRight(c);
    c.padding = 0;
  }
}

TEST_P(ConvolveTest, IsExactForStridedOnesByOneThatLeaveAPixelOrFew) {
  ConvolutionCase c;
  for (const int64_t side : {1, 2, 3}) {
    for (const int64_t inputs : {8, 16, 24, 32, 64}) {
      for (const int64_t outputs : {1, 17}) {
        for (const int64_t stride : {2, 3}) {
          c.height = c.width = side;
          c.inputs = inputs;
          c.outputs = outputs;
          c.stride = stride;
          c.batch = 1 + side % 3;
          ExpectRight(c);
        }
      }
    }
  }
}

TEST_P(ConvolveTest, IsExactForImagesSmallerThanTheKernel) {
  ConvolutionCase c;
  c.kernel_h = c.kernel_w = 3;
  c.padding = 1;
  for (const int64_t side : {1, 2, 3}) {
    for (const int64_t inputs : {1, 2, 8, 16, 24}) {
      for (const int64_t outputs : {1, 16}) {
        for (const int64_t stride : {1, 2}) {
          c.height = c.width = side;
          c.inputs = inputs;
          c.outputs = outputs;
          c.stride = stride;
          c.batch = 1 + inputs % 3;
          ExpectRight(c);
        }
      }
    }
  }
}

TEST_P(ConvolveTest, IsExactForTheKernelsOfTheOtherNetworks) {
  ConvolutionCase c;
  c.batch = 2;
  for (const int64_t inputs : {1, 3, 32}) {
    c.inputs = inputs;
    c.outputs = 32;
    c.height = c.width = 13;
    c.kernel_h = c.kernel_w = 3;
    ExpectRight(c);
  }
  c.height = c.kernel_h = 1;
  c.width = 64;
  for (int64_t inputs = 1; inputs <= 33; ++inputs) {
    // CANDLENet has 1 and 128.
    if (inputs > 24 && inputs < 32) continue;
    c.inputs = inputs;
    for (const int64_t kernel : {10, 20}) {
      c.kernel_w = kernel;
      ExpectRight(c);
    }
  }
}

INSTANTIATE_TEST_SUITE_P(
    Types, ConvolveTest, testing::Values(at::kFloat, at::kBFloat16),
    [](const testing::TestParamInfo<at::ScalarType>& info) -> std::string {
      return info.param == at::kFloat ? "fp32" : "bf16";
    });

}  // namespace
}  // namespace reprise
