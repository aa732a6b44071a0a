#include "core/device/precision.h"

#include <ATen/Context.h>

#include <cstdlib>
#include <string>

#include "absl/status/statusor.h"
#include "core/base/processor.h"
#include "core/base/status.h"
#include "core/base/status_matchers.h"
#include "core/device/gpu/device_request.h"
#include "gtest/gtest.h"

namespace reprise {
namespace {

const c10::Device kCpu(c10::DeviceType::CPU);

TEST(ChoosePrecision, OnACpuIsFp32OrBf16ByNameAndNeverTf32) {
  REPRISE_ASSERT_OK_AND_ASSIGN(const Precision fp32,
                               ChoosePrecision(PrecisionKind::kFp32, kCpu));
  EXPECT_EQ(fp32.kind, PrecisionKind::kFp32);
  EXPECT_EQ(fp32.compute_type, c10::ScalarType::Float);
  REPRISE_ASSERT_OK_AND_ASSIGN(const Precision bf16,
                               ChoosePrecision(PrecisionKind::kBf16, kCpu));
  EXPECT_EQ(bf16.kind, PrecisionKind::kBf16);
  EXPECT_EQ(bf16.compute_type, c10::ScalarType::BFloat16);
  const auto tf32 = ChoosePrecision(PrecisionKind::kTf32, kCpu);
  EXPECT_THAT(tf32, ExitsWith(ExitCode::kUsage));
  EXPECT_THAT(tf32, FailsWith("expected a GPU of sm_80 or newer, found cpu"));
}

TEST(ChoosePrecision, AutoIsBf16OnlyWhereThatIsFasterThanFp32) {
  const auto precision_below = [](const char* limit) {
    setenv("ONEDNN_MAX_CPU_ISA", limit, /*replace=*/1);
    const absl::StatusOr<Precision> precision =
        ChoosePrecision(PrecisionKind::kAuto, kCpu);
    unsetenv("ONEDNN_MAX_CPU_ISA");
    EXPECT_TRUE(precision.ok()) << precision.status();
    return precision->kind;
  };
  const ProcessorFamily here = HardwareProcessor();
  const bool limited = ThisProcessor() < here;
  EXPECT_EQ(precision_below("AVX512_CORE"), PrecisionKind::kFp32);
  // Pairs alone: of use where there are no tiles to forbid.
  EXPECT_EQ(precision_below("AVX512_CORE_BF16"),
            here == ProcessorFamily::kAvx512Bf16 && !limited
                ? PrecisionKind::kBf16
                : PrecisionKind::kFp32);
  EXPECT_EQ(precision_below("AVX512_CORE_AMX"),
            here >= ProcessorFamily::kAvx512Bf16 && !limited
                ? PrecisionKind::kBf16
                : PrecisionKind::kFp32);
}

// The state that LibTorch's kernels ask, which is that of its CPU half.
TEST(UsePrecision, TurnsTf32OffUnlessItIsAskedFor) {
  const at::Context& context = at::globalContext();
  const auto of_operation = [&](at::Float32Op operation) {
    return context.float32Precision(at::Float32Backend::CUDA, operation);
  };
  for (const PrecisionKind kind :
       {PrecisionKind::kFp32, PrecisionKind::kTf32, PrecisionKind::kBf16}) {
    UsePrecision({kind, c10::ScalarType::Float});
    const bool tf32 = kind == PrecisionKind::kTf32;
    for (const auto operation :
         {at::Float32Op::CONV, at::Float32Op::MATMUL, at::Float32Op::RNN}) {
      EXPECT_EQ(of_operation(operation) == at::Float32Precision::TF32, tf32)
          << static_cast<int>(kind);
    }
    // They throw where the older and the newer state contradict each other.
    EXPECT_EQ(context.allowTF32CuDNN(), tf32);
    EXPECT_EQ(context.allowTF32CuBLAS(), tf32);
    EXPECT_EQ(
        context.float32MatmulPrecision() != at::Float32MatmulPrecision::HIGHEST,
        tf32);
  }
}

TEST(UsePrecision, HasCuDnnTakeDeterministicAlgorithmsAndTryNone) {
  at::Context& context = at::globalContext();
  context.setDeterministicCuDNN(false);
  context.setBenchmarkCuDNN(true);
  UsePrecision(Precision());
  EXPECT_TRUE(context.deterministicCuDNN());
  EXPECT_FALSE(context.benchmarkCuDNN());
}

}  // namespace
}  // namespace reprise
