// The device that a rank computes on.
//
// Programs link LibTorch's CPU half only. Its CUDA half is loaded here, at run
// time and only where the machine has an NVIDIA driver, so one binary serves
// both; --config=cuda puts the CUDA libraries beside it (docs/GPU.md).
#ifndef REPRISE_CORE_DEVICE_DEVICE_H_
#define REPRISE_CORE_DEVICE_DEVICE_H_

#include <c10/core/Device.h>

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "core/device/gpu/device_request.h"

namespace reprise {

// The GPUs that LibTorch can have in this process, as far as can be told
// without touching one.
struct GpuSearch {
  std::vector<std::string> pci_ids;  // by CUDA's number, "0000:3b:00.0"
  // Why there is none, one line; empty where there is one.
  std::string missing;
  // Whether the user would be surprised that there is none (gpu/cuda_driver.h).
  bool is_expected = false;
};

// Loads the driver and LibTorch's CUDA half, once a process and before anything
// computes: a convolution on the CPU decides for the whole process that there
// is no CUDA. From then on fp32 on GPUs is IEEE's (TF32 is off) and cuDNN takes
// deterministic algorithms only, without trying which is fastest.
const GpuSearch& FindGpus();

struct DeviceChoice {
  c10::Device device{c10::DeviceType::CPU};
  // Why kAuto took the CPU, one line; empty where it did not.
  std::string missing;
  // Whether the user should read it.
  bool is_expected = false;
};

// UsageError naming what is missing where kCuda cannot be had. `gpu`: CUDA's
// number in this process. A kernel is run on it: what is wrong with a GPU (code
// for another one, exclusive mode, no memory left, ECC) is told here, in CUDA's
// words.
absl::StatusOr<DeviceChoice> ChooseDevice(DeviceKind wanted, int gpu);

}  // namespace reprise

#endif  // REPRISE_CORE_DEVICE_DEVICE_H_
