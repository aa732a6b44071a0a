// The device that a rank computes on, and the precision that suits it.
//
// Programs link LibTorch's CPU half only. Its CUDA half is loaded here, at run
// time and only where the machine has an NVIDIA driver, so one binary serves
// both; --config=cuda puts the CUDA libraries beside it (docs/GPU.md).
#ifndef REPRISE_CORE_TENSOR_DEVICE_H_
#define REPRISE_CORE_TENSOR_DEVICE_H_

#include <c10/core/Device.h>
#include <c10/core/ScalarType.h>

#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace reprise {

struct DeviceChoice {
  c10::Device device{c10::DeviceType::CPU};
  // For the user; empty or one line: why "auto" did not take a GPU that the
  // machine seems to have.
  std::string warning;
};

// `wanted`: "cpu"; "cuda", UsageError naming what is missing; or "auto": cuda
// where there is a driver and a device, else cpu. Of several GPUs the one of
// number local_rank modulo their count.
absl::StatusOr<DeviceChoice> ChooseDevice(absl::string_view wanted,
                                          int local_rank);

// `wanted`: "fp32", "bf16" or "auto": bf16 on a CPU that multiplies it natively
// (AVX-512 BF16 or AMX; core/tensor/libtorch_processor.h), else fp32. bf16
// means bf16 forward and backward with fp32 parameters, gradients, reduction,
// loss and optimizer.
c10::ScalarType ChooseComputeType(absl::string_view wanted, c10::Device device);

// "cpu (AVX-512 BF16)", "cpu (AVX2, limited by the environment)", "cuda:0
// (NVIDIA H200)"; without what is not known.
std::string DescribeDevice(c10::Device device);

}  // namespace reprise

#endif  // REPRISE_CORE_TENSOR_DEVICE_H_
