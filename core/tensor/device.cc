#include "core/tensor/device.h"

#include <dlfcn.h>
#include <link.h>
#ifdef __x86_64__
#include <cpuid.h>
#endif

#include <c10/core/impl/DeviceGuardImplInterface.h>

#include <climits>
#include <cstdlib>
#include <string>

#include "absl/strings/str_cat.h"
#include "core/base/status.h"

namespace reprise {
namespace {

std::string LastDlError() {
  const char* text = dlerror();
  return text == nullptr ? "unknown error" : text;
}

// The folder that LibTorch was loaded from, with a slash; empty if it cannot be
// told.
std::string LibTorchFolder() {
  void* library = dlopen("libc10.so", RTLD_NOW | RTLD_NOLOAD);
  link_map* map = nullptr;
  if (library == nullptr || dlinfo(library, RTLD_DI_LINKMAP, &map) != 0) {
    return "";
  }
  char resolved[PATH_MAX];
  if (realpath(map->l_name, resolved) == nullptr) return "";
  const std::string path = resolved;
  return path.substr(0, path.rfind('/') + 1);
}

struct Processor {
  bool avx512_bf16 = false, amx_bf16 = false;
};

Processor ThisProcessor() {
  Processor processor;
#ifdef __x86_64__
  // avx512f as the operating system lets programs use it.
  if (!__builtin_cpu_supports("avx512f")) return processor;
  unsigned eax = 0, ebx = 0, ecx = 0, edx = 0;
  if (__get_cpuid_count(7, 0, &eax, &ebx, &ecx, &edx) != 0) {
    processor.amx_bf16 = (edx >> 22 & 1) != 0;
  }
  if (__get_cpuid_count(7, 1, &eax, &ebx, &ecx, &edx) != 0) {
    processor.avx512_bf16 = (eax >> 5 & 1) != 0;
  }
#endif
  return processor;
}

// Its name, as the driver tells it; empty if it does not.
std::string NameOfGpu(int device) {
  void* const driver = dlopen("libcuda.so.1", RTLD_NOW | RTLD_NOLOAD);
  if (driver == nullptr) return "";
  const auto get_device =
      reinterpret_cast<int (*)(int*, int)>(dlsym(driver, "cuDeviceGet"));
  const auto get_name = reinterpret_cast<int (*)(char*, int, int)>(
      dlsym(driver, "cuDeviceGetName"));
  int handle = 0;
  char name[256] = {};
  if (get_device == nullptr || get_name == nullptr ||
      get_device(&handle, device) != 0 ||
      get_name(name, sizeof(name), handle) != 0) {
    return "";
  }
  return name;
}

struct Cuda {
  int devices = 0;
  std::string missing;  // what, where there is no device
  bool has_driver = false;
};

Cuda LoadCuda() {
  Cuda cuda;
  if (dlopen("libcuda.so.1", RTLD_NOW | RTLD_GLOBAL) == nullptr) {
    cuda.missing =
        absl::StrCat("there is no NVIDIA driver (", LastDlError(), ")");
    return cuda;
  }
  cuda.has_driver = true;
  const std::string library = LibTorchFolder() + "libtorch_cuda.so";
  if (dlopen(library.c_str(), RTLD_NOW | RTLD_GLOBAL) == nullptr) {
    cuda.missing = absl::StrCat(
        "there is a driver, but LibTorch's CUDA half cannot be "
        "loaded (",
        LastDlError(), "); build with --config=cuda");
    return cuda;
  }
  if (c10::impl::hasDeviceGuardImpl(c10::DeviceType::CUDA)) {
    cuda.devices =
        c10::impl::getDeviceGuardImpl(c10::DeviceType::CUDA)->deviceCount();
  }
  if (cuda.devices == 0) {
    cuda.missing = "the driver offers no device that this build can use";
  }
  return cuda;
}

}  // namespace

absl::StatusOr<DeviceChoice> ChooseDevice(absl::string_view wanted,
                                          int local_rank) {
  DeviceChoice choice;
  if (wanted == "cpu") return choice;
  static const Cuda& cuda = *new Cuda(LoadCuda());
  if (cuda.devices > 0) {
    choice.device =
        c10::Device(c10::DeviceType::CUDA,
                    static_cast<c10::DeviceIndex>(local_rank % cuda.devices));
    return choice;
  }
  if (wanted == "cuda") {
    return UsageError(absl::StrCat("--device=cuda: ", cuda.missing,
                                   "; --device=cpu runs without"));
  }
  if (cuda.has_driver) {
    choice.warning = absl::StrCat("computing on the CPU: ", cuda.missing);
  }
  return choice;
}

c10::ScalarType ChooseComputeType(absl::string_view wanted,
                                  c10::Device device) {
  const Processor processor = ThisProcessor();
  const bool native =
      device.is_cpu() && (processor.avx512_bf16 || processor.amx_bf16);
  return wanted == "bf16" || (wanted == "auto" && native)
             ? c10::ScalarType::BFloat16
             : c10::ScalarType::Float;
}

std::string DescribeDevice(c10::Device device) {
  if (device.is_cuda()) {
    const std::string name = NameOfGpu(device.index());
    return name.empty() ? device.str()
                        : absl::StrCat(device.str(), " (", name, ")");
  }
  const Processor processor = ThisProcessor();
  return processor.amx_bf16      ? "cpu (AMX)"
         : processor.avx512_bf16 ? "cpu (AVX-512 BF16)"
                                 : "cpu";
}

}  // namespace reprise
