// What NVIDIA's driver says before LibTorch's CUDA half is loaded: whether
// there is one, for which CUDA, and which GPUs this process sees. Found at run
// time; makes no context, so it costs a GPU nothing.
#ifndef REPRISE_CORE_DEVICE_GPU_CUDA_DRIVER_H_
#define REPRISE_CORE_DEVICE_GPU_CUDA_DRIVER_H_

#include <string>
#include <vector>

namespace reprise {

struct Gpu {
  std::string name;    // "NVIDIA H200"
  std::string pci_id;  // "0000:3b:00.0", as /sys has it
  int capability = 0;  // of sm_90 90
};

struct CudaDriver {
  int cuda_version = 0;   // the newest that it runs, 13000 is 13.0; 0: unknown
  std::vector<Gpu> gpus;  // by CUDA's number in this process
  // Why there is no GPU: one line with the loader's or the driver's own text,
  // and the remedy; empty where there is one.
  std::string missing;
  // Whether the user would be surprised: there is a driver, or the machine says
  // that there is a GPU (/dev/nvidia0, /proc/driver/nvidia,
  // CUDA_VISIBLE_DEVICES).
  bool is_expected = false;
};

// `library`, `root`: others in tests, of the driver and in front of the paths.
CudaDriver AskCudaDriver(const char* library = "libcuda.so.1",
                         const std::string& root = "");

// What AskCudaDriver says of this process, asked once. Thread-safe.
const CudaDriver& ThisCudaDriver();

// "12.4" of 12040.
std::string CudaVersionText(int version);

// The oldest release of the driver for a CUDA release, "580" of 13000; empty if
// it is not known.
std::string DriverReleaseFor(int cuda_version);

}  // namespace reprise

#endif  // REPRISE_CORE_DEVICE_GPU_CUDA_DRIVER_H_
