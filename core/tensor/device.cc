#include "core/tensor/device.h"

#include <c10/core/impl/DeviceGuardImplInterface.h>
#include <dlfcn.h>
#include <link.h>

#include <climits>
#include <cstdlib>
#include <string>

#include "absl/strings/str_cat.h"
#include "core/base/processor.h"
#include "core/base/status.h"
#include "core/tensor/libtorch_processor.h"

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
  const bool native =
      device.is_cpu() && LibTorchProcessor() >= ProcessorFamily::kAvx512Bf16;
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
  const ProcessorFamily family = LibTorchProcessor();
  const char* name = "";
  switch (family) {
    case ProcessorFamily::kBaseline:
      break;
    case ProcessorFamily::kAvx2:
      name = "AVX2";
      break;
    case ProcessorFamily::kAvx512:
      name = "AVX-512";
      break;
    case ProcessorFamily::kAvx512Bf16:
      name = "AVX-512 BF16";
      break;
    case ProcessorFamily::kAmx:
      name = "AMX";
      break;
  }
  const char* limited =
      family < HardwareProcessor() ? "limited by the environment" : "";
  const char* both = *name != '\0' && *limited != '\0' ? ", " : "";
  const std::string text = absl::StrCat(name, both, limited);
  return text.empty() ? "cpu" : absl::StrCat("cpu (", text, ")");
}

}  // namespace reprise
