#include "core/device/precision.h"

#include <ATen/Context.h>

#include "absl/strings/str_cat.h"
#include "core/base/processor.h"
#include "core/base/status.h"
#include "core/device/device_description.h"
#include "core/device/gpu/cuda_driver.h"
#include "core/tensor/libtorch_processor.h"

namespace reprise {
namespace {

// Whether bf16 is multiplied at more than fp32's rate. By pairs of AVX-512 it
// is on AMD's Zen 4 (2.0), not on a processor with AMX (1.0: ResNet-34's step
// took 1.3 times fp32's) whose tiles a limit forbids.
bool HasFastBfloat16() {
  return LibTorchProcessor() >= (HardwareProcessor() == ProcessorFamily::kAmx
                                     ? ProcessorFamily::kAmx
                                     : ProcessorFamily::kAvx512Bf16);
}

}  // namespace

absl::StatusOr<Precision> ChoosePrecision(PrecisionKind wanted,
                                          c10::Device device) {
  const int capability =
      device.is_cuda() ? ThisCudaDriver().gpus.at(device.index()).capability
                       : 0;
  if (wanted == PrecisionKind::kTf32 && capability < 80) {
    return UsageError(absl::StrCat(
        "--precision=tf32: expected a GPU of sm_80 or newer, found ",
        DescribeDevice(device),
        device.is_cuda() ? absl::StrCat(", sm_", capability) : "",
        "; take --precision=fp32"));
  }
  const bool native = device.is_cpu() ? HasFastBfloat16() : capability >= 80;
  if (wanted == PrecisionKind::kBf16 ||
      (wanted == PrecisionKind::kAuto && native)) {
    return Precision{PrecisionKind::kBf16, c10::ScalarType::BFloat16};
  }
  return Precision{wanted == PrecisionKind::kTf32 ? PrecisionKind::kTf32
                                                  : PrecisionKind::kFp32,
                   c10::ScalarType::Float};
}

void UsePrecision(const Precision& precision) {
  // Those that set LibTorch's older and newer state alike: its kernels ask one,
  // its checks compare both.
  const bool tf32 = precision.kind == PrecisionKind::kTf32;
  at::Context& context = at::globalContext();
  context.setAllowTF32CuDNN(tf32);
  context.setAllowTF32CuBLAS(tf32);
  context.setDeterministicCuDNN(true);
  context.setBenchmarkCuDNN(false);
}

}  // namespace reprise
