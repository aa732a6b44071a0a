// The precision that a rank computes in, and what LibTorch makes of it.
#ifndef REPRISE_CORE_DEVICE_PRECISION_H_
#define REPRISE_CORE_DEVICE_PRECISION_H_

#include <c10/core/Device.h>
#include <c10/core/ScalarType.h>

#include "absl/status/statusor.h"
#include "core/device/gpu/device_request.h"

namespace reprise {

// Of forward and backward; parameters, gradients, reduction, loss and optimizer
// are fp32 in each.
struct Precision {
  PrecisionKind kind = PrecisionKind::kFp32;  // never kAuto
  c10::ScalarType compute_type = c10::ScalarType::Float;
};

// kFp32: IEEE's on every device. kTf32: fp32 whose products in convolutions and
// linear layers a GPU rounds to 10 bits of mantissa; UsageError on a CPU and on
// GPUs older than sm_80, which cannot. kAuto: bf16 on what multiplies it
// natively (CPUs with AVX-512 BF16 or AMX, GPUs from sm_80), else fp32.
absl::StatusOr<Precision> ChoosePrecision(PrecisionKind wanted,
                                          c10::Device device);

// Makes fp32 on GPUs mean `precision`, for the process, and cuDNN take
// deterministic algorithms only.
void UsePrecision(const Precision& precision);

}  // namespace reprise

#endif  // REPRISE_CORE_DEVICE_PRECISION_H_
