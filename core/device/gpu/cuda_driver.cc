#include "core/device/gpu/cuda_driver.h"

#include <unistd.h>

#include <cstdlib>
#include <utility>

#include "absl/status/statusor.h"
#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "core/base/cuda_functions.h"
#include "core/base/environment.h"

namespace reprise {
namespace {

// The name of a function that is needed here and that the library lacks;
// nullptr if it has all.
const char* Missing(const CudaFunctions& cuda) {
  const std::pair<bool, const char*> needed[] = {
      {cuda.cuInit != nullptr, "cuInit"},
      {cuda.cuDriverGetVersion != nullptr, "cuDriverGetVersion"},
      {cuda.cuDeviceGetCount != nullptr, "cuDeviceGetCount"},
      {cuda.cuDeviceGet != nullptr, "cuDeviceGet"},
      {cuda.cuDeviceGetName != nullptr, "cuDeviceGetName"},
      {cuda.cuDeviceGetPCIBusId != nullptr, "cuDeviceGetPCIBusId"},
      {cuda.cuDeviceGetAttribute != nullptr, "cuDeviceGetAttribute"},
      {cuda.cuGetErrorString != nullptr, "cuGetErrorString"}};
  for (const auto& [found, name] : needed) {
    if (!found) return name;
  }
  return nullptr;
}

// "cuInit: no CUDA-capable device is detected (CUDA error 100)".
std::string ErrorText(const CudaFunctions& cuda, const char* call, int result) {
  return absl::StrCat(call, ": ", cuda.ErrorText(result));
}

// Fills `gpu`; the driver's error if it does not tell.
std::string AskGpu(const CudaFunctions& cuda, int number, Gpu& gpu) {
  int handle = 0;
  int result = cuda.cuDeviceGet(&handle, number);
  if (result != 0) return ErrorText(cuda, "cuDeviceGet", result);
  char name[256] = {};
  result = cuda.cuDeviceGetName(name, sizeof(name), handle);
  if (result != 0) return ErrorText(cuda, "cuDeviceGetName", result);
  gpu.name = name;
  char id[32] = {};
  result = cuda.cuDeviceGetPCIBusId(id, sizeof(id), handle);
  if (result != 0) return ErrorText(cuda, "cuDeviceGetPCIBusId", result);
  gpu.pci_id = absl::AsciiStrToLower(id);
  int major = 0, minor = 0;
  result = cuda.cuDeviceGetAttribute(&major, kCudaCapabilityMajor, handle);
  if (result == 0) {
    result = cuda.cuDeviceGetAttribute(&minor, kCudaCapabilityMinor, handle);
  }
  if (result != 0) return ErrorText(cuda, "cuDeviceGetAttribute", result);
  gpu.capability = 10 * major + minor;
  return "";
}

// Fills `driver`; why there is no GPU to compute on.
std::string AskFunctions(const CudaFunctions& cuda, CudaDriver& driver) {
  int result = cuda.cuDriverGetVersion(&driver.cuda_version);
  if (result != 0) return ErrorText(cuda, "cuDriverGetVersion", result);
  result = cuda.cuInit(0);
  if (result != 0) return ErrorText(cuda, "cuInit", result);
  int count = 0;
  result = cuda.cuDeviceGetCount(&count);
  if (result != 0) return ErrorText(cuda, "cuDeviceGetCount", result);
  std::vector<Gpu> gpus(count);
  for (int number = 0; number < count; ++number) {
    const std::string error = AskGpu(cuda, number, gpus[number]);
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
  const absl::StatusOr<CudaFunctions> cuda = LoadCudaFunctions(library);
  if (!cuda.ok()) {
    const std::string reason = absl::StrCat(" (", cuda.status().message(), ")");
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
  const char* const lacking = Missing(*cuda);
  const std::string why = lacking != nullptr
                              ? absl::StrCat(library, " has no ", lacking)
                              : AskFunctions(*cuda, driver);
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
