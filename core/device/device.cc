#include "core/device/device.h"

#include <ATen/Context.h>
#include <ATen/core/Tensor.h>
#include <ATen/ops/zeros.h>
#include <c10/core/impl/DeviceGuardImplInterface.h>
#include <dlfcn.h>
#include <link.h>

#include <climits>
#include <cstdlib>
#include <string>

#include "absl/strings/str_cat.h"
#include "core/base/status.h"
#include "core/device/device_description.h"
#include "core/device/gpu/cuda_driver.h"
#include "core/device/precision.h"
#include "core/tensor/torch_status.h"

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

const char kOlderBuild[] =
    "build with --repo_env=LIBTORCH_HOME=... of PyTorch's build for CUDA 12.6 "
    "(docs/GPU.md)";

// Of the CUDA runtime that LibTorch was built for, 13000 is 13.0; 0 if LibTorch
// was built without CUDA. Its CPU half loads the runtime, too.
int CudaOfLibTorch() {
  const auto get_version = reinterpret_cast<int (*)(int*)>(
      dlsym(RTLD_DEFAULT, "cudaRuntimeGetVersion"));
  int version = 0;
  if (get_version == nullptr || get_version(&version) != 0) return 0;
  return version;
}

// Why the runtime finds no device behind a driver that has some.
std::string RuntimeError() {
  const auto get_count = reinterpret_cast<int (*)(int*)>(
      dlsym(RTLD_DEFAULT, "cudaGetDeviceCount"));
  const auto get_text = reinterpret_cast<const char* (*)(int)>(
      dlsym(RTLD_DEFAULT, "cudaGetErrorString"));
  if (get_count == nullptr || get_text == nullptr) return "no CUDA runtime";
  int count = 0;
  return get_text(get_count(&count));
}

// Loads LibTorch's CUDA half; why it cannot use the driver's GPUs.
std::string LoadCudaHalf() {
  const int needed = CudaOfLibTorch();
  if (needed == 0) {
    return "there is a driver, but this build's LibTorch is one without CUDA; "
           "expected PyTorch's build for CUDA: build without LIBTORCH_HOME, or "
           "with that of such a build (docs/GPU.md)";
  }
  const int had = ThisCudaDriver().cuda_version;
  if (had / 1000 < needed / 1000) {
    const std::string release = DriverReleaseFor(needed);
    return absl::StrCat("the driver is for CUDA ", CudaVersionText(had),
                        ", this build's LibTorch for CUDA ",
                        CudaVersionText(needed), "; expected a driver ",
                        release.empty()
                            ? "that is newer"
                            : absl::StrCat("of release ", release, " or newer"),
                        ": update it, or ", kOlderBuild);
  }
  const std::string library = LibTorchFolder() + "libtorch_cuda.so";
  if (dlopen(library.c_str(), RTLD_NOW | RTLD_GLOBAL) == nullptr) {
    return absl::StrCat(
        "there is a driver, but LibTorch's CUDA half cannot be loaded (",
        LastDlError(), "); build with --config=cuda");
  }
  if (!c10::impl::hasDeviceGuardImpl(c10::DeviceType::CUDA) ||
      c10::impl::getDeviceGuardImpl(c10::DeviceType::CUDA)->deviceCount() ==
          0) {
    return absl::StrCat("the driver offers no device that LibTorch can use (",
                        RuntimeError(), ")");
  }
  // What LibTorch knows of CUDA it asks once.
  if (!at::globalContext().hasCUDA()) {
    return "LibTorch's CUDA half was loaded too late: something has computed "
           "before, and LibTorch keeps that there is no CUDA; choose the "
           "device first";
  }
  return "";
}

GpuSearch LoadGpus() {
  GpuSearch search;
  search.missing = ThisCudaDriver().missing;
  search.is_expected = ThisCudaDriver().is_expected;
  if (!search.missing.empty()) return search;
  const absl::Status loaded =
      CatchTorch("LibTorch's CUDA half", [&]() -> absl::Status {
        search.missing = LoadCudaHalf();
        if (search.missing.empty()) UsePrecision(Precision());
        return absl::OkStatus();
      });
  if (!loaded.ok()) search.missing = std::string(loaded.message());
  if (!search.missing.empty()) return search;
  for (const Gpu& gpu : ThisCudaDriver().gpus) {
    search.pci_ids.push_back(gpu.pci_id);
  }
  return search;
}

// Runs a kernel on it; what CUDA says if that does not work.
std::string TryGpu(c10::Device device) {
  const absl::Status tried =
      CatchTorch("a first kernel", [&]() -> absl::Status {
        const double sum =
            at::zeros({1}, at::TensorOptions().device(device).dtype(at::kFloat))
                .add_(1)
                .item<double>();
        if (sum == 1) return absl::OkStatus();
        return absl::InternalError(
            absl::StrCat("a first kernel: 0 + 1 is ", sum));
      });
  if (tried.ok()) return "";
  const int capability = ThisCudaDriver().gpus.at(device.index()).capability;
  // CUDA 13 has no code for them any more.
  const bool dropped = CudaOfLibTorch() >= 13000 && capability < 75;
  return absl::StrCat(
      DescribeDevice(device), ", sm_", capability,
      ", does not compute: ", tried.message(),
      dropped ? absl::StrCat("; this build's LibTorch has no code for it: ",
                             kOlderBuild)
              : "");
}

}  // namespace

const GpuSearch& FindGpus() {
  static const GpuSearch& search = *new GpuSearch(LoadGpus());
  return search;
}

absl::StatusOr<DeviceChoice> ChooseDevice(DeviceKind wanted, int gpu) {
  DeviceChoice choice;
  if (wanted == DeviceKind::kCpu) return choice;
  const GpuSearch& search = FindGpus();
  const int count = static_cast<int>(search.pci_ids.size());
  choice.missing = search.missing;
  choice.is_expected = search.is_expected;
  if (choice.missing.empty() && gpu >= count) {
    choice.missing =
        absl::StrCat("there is no GPU ", gpu, ", there are ", count);
  }
  if (choice.missing.empty()) {
    const c10::Device device(c10::DeviceType::CUDA,
                             static_cast<c10::DeviceIndex>(gpu));
    choice.missing = TryGpu(device);
    if (choice.missing.empty()) {
      choice.device = device;
      return choice;
    }
  }
  if (wanted == DeviceKind::kCuda) {
    return UsageError(absl::StrCat("--device=cuda: ", choice.missing,
                                   "; --device=cpu runs without"));
  }
  return choice;
}

}  // namespace reprise
