#include "core/device/gpu/cuda_driver.h"

#include <dlfcn.h>
#include <unistd.h>

#include <cstdlib>
#include <type_traits>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "core/base/environment.h"

namespace reprise {
namespace {

// CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MAJOR and _MINOR of cuda.h.
constexpr int kCapabilityMajor = 75;
constexpr int kCapabilityMinor = 76;

struct Functions {
  int (*init)(unsigned) = nullptr;
  int (*driver_get_version)(int*) = nullptr;
  int (*device_get_count)(int*) = nullptr;
  int (*device_get)(int*, int) = nullptr;
  int (*device_get_name)(char*, int, int) = nullptr;
  int (*device_get_pci_bus_id)(char*, int, int) = nullptr;
  int (*device_get_attribute)(int*, int, int) = nullptr;
  int (*get_error_string)(int, const char**) = nullptr;
};

// The name of a function that the library lacks; nullptr if it has all.
const char* FindFunctions(void* library, Functions& functions) {
  const char* missing = nullptr;
  const auto find = [&](auto& function, const char* name) {
    function = reinterpret_cast<std::decay_t<decltype(function)>>(
        dlsym(library, name));
    if (function == nullptr && missing == nullptr) missing = name;
  };
  find(functions.init, "cuInit");
  find(functions.driver_get_version, "cuDriverGetVersion");
  find(functions.device_get_count, "cuDeviceGetCount");
  find(functions.device_get, "cuDeviceGet");
  find(functions.device_get_name, "cuDeviceGetName");
  find(functions.device_get_pci_bus_id, "cuDeviceGetPCIBusId");
  find(functions.device_get_attribute, "cuDeviceGetAttribute");
  find(functions.get_error_string, "cuGetErrorString");
  return missing;
}

// "cuInit: no CUDA-capable device is detected (CUDA error 100)".
std::string ErrorText(const Functions& functions, const char* call,
                      int result) {
  const char* text = nullptr;
  if (functions.get_error_string(result, &text) != 0 || text == nullptr) {
    text = "unknown error";
  }
  return absl::StrCat(call, ": ", text, " (CUDA error ", result, ")");
}

// Fills `gpu`; the driver's error if it does not tell.
std::string AskGpu(const Functions& functions, int number, Gpu& gpu) {
  int handle = 0;
  int result = functions.device_get(&handle, number);
  if (result != 0) return ErrorText(functions, "cuDeviceGet", result);
  char name[256] = {};
  result = functions.device_get_name(name, sizeof(name), handle);
  if (result != 0) return ErrorText(functions, "cuDeviceGetName", result);
  gpu.name = name;
  char id[32] = {};
  result = functions.device_get_pci_bus_id(id, sizeof(id), handle);
  if (result != 0) return ErrorText(functions, "cuDeviceGetPCIBusId", result);
  gpu.pci_id = absl::AsciiStrToLower(id);
  int major = 0, minor = 0;
  result = functions.device_get_attribute(&major, kCapabilityMajor, handle);
  if (result == 0) {
    result = functions.device_get_attribute(&minor, kCapabilityMinor, handle);
  }
  if (result != 0) return ErrorText(functions, "cuDeviceGetAttribute", result);
  gpu.capability = 10 * major + minor;
  return "";
}

// Fills `driver`; why there is no GPU to compute on.
std::string AskFunctions(const Functions& functions, CudaDriver& driver) {
  int result = functions.driver_get_version(&driver.cuda_version);
  if (result != 0) return ErrorText(functions, "cuDriverGetVersion", result);
  result = functions.init(0);
  if (result != 0) return ErrorText(functions, "cuInit", result);
  int count = 0;
  result = functions.device_get_count(&count);
  if (result != 0) return ErrorText(functions, "cuDeviceGetCount", result);
  std::vector<Gpu> gpus(count);
  for (int number = 0; number < count; ++number) {
    const std::string error = AskGpu(functions, number, gpus[number]);
    if (!error.empty()) return error;
  }
  driver.gpus = std::move(gpus);
  return count == 0 ? "its count of devices is 0" : "";
}

// What on this machine says that there is a GPU; empty if nothing does.
std::string SignOfGpu(const std::string& root) {
  for (const char* path : {"/dev/nvidia0", "/proc/driver/nvidia"}) {
    if (access((root + path).c_str(), F_OK) == 0) {
      return absl::StrCat(path, " exists");
    }
  }
  const std::string text = GetEnv("CUDA_VISIBLE_DEVICES");
  // What hides all GPUs is no sign of one; the last is Slurm's.
  if (text.empty() || text == "-1" || text == "NoDevFiles") return "";
  return absl::StrCat("CUDA_VISIBLE_DEVICES is '", text, "'");
}

}  // namespace

CudaDriver AskCudaDriver(const char* library, const std::string& root) {
  CudaDriver driver;
  void* const handle = dlopen(library, RTLD_NOW | RTLD_GLOBAL);
  if (handle == nullptr) {
    const char* const text = dlerror();
    const std::string reason =
        absl::StrCat(" (", text == nullptr ? "unknown error" : text, ")");
    const std::string sign = SignOfGpu(root);
    driver.is_expected = !sign.empty();
    driver.missing =
        sign.empty()
            ? absl::StrCat("there is no NVIDIA driver", reason)
            : absl::StrCat(
                  "NVIDIA's driver cannot be loaded", reason, ", although ",
                  sign,
                  "; put the folder of its libcuda.so.1 on LD_LIBRARY_PATH, or "
                  "give it to the container (docker --gpus=all, apptainer "
                  "--nv)");
    return driver;
  }
  driver.is_expected = true;
  Functions functions;
  const char* const lacking = FindFunctions(handle, functions);
  const std::string why = lacking != nullptr
                              ? absl::StrCat(library, " has no ", lacking)
                              : AskFunctions(functions, driver);
  if (why.empty()) return driver;
  const char* const visible = std::getenv("CUDA_VISIBLE_DEVICES");
  driver.missing = absl::StrCat(
      "the driver offers no device that this build can use (", why,
      visible == nullptr
          ? ""
          : absl::StrCat("; CUDA_VISIBLE_DEVICES is '", visible, "'"),
      ")");
  return driver;
}

const CudaDriver& ThisCudaDriver() {
  static const CudaDriver& driver = *new CudaDriver(AskCudaDriver());
  return driver;
}

std::string CudaVersionText(int version) {
  return absl::StrCat(version / 1000, ".", version % 1000 / 10);
}

std::string DriverReleaseFor(int cuda_version) {
  switch (cuda_version / 1000) {
    case 11:
      return "450";
    case 12:
      return "525";
    case 13:
      return "580";
    default:
      return "";
  }
}

}  // namespace reprise
