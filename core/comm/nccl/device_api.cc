#include "core/comm/nccl/device_api.h"

#include <dlfcn.h>

#include "absl/strings/str_cat.h"
#include "core/base/status.h"

namespace reprise {
namespace {

absl::StatusOr<DeviceApi> LoadOnce() {
  const absl::StatusOr<CudaFunctions> cuda = LoadCudaFunctions();
  if (!cuda.ok()) {
    return UsageError(absl::StrCat("cannot load libcuda.so.1 (",
                                   cuda.status().message(),
                                   "); it comes with NVIDIA's driver"));
  }
  void* const nccl = dlopen("libnccl.so.2", RTLD_NOW | RTLD_GLOBAL);
  if (nccl == nullptr) {
    return UsageError(
        absl::StrCat("cannot load libnccl.so.2 (", dlerror(),
                     "); build with --config=cuda, or put an installed NCCL on "
                     "LD_LIBRARY_PATH"));
  }
  DeviceApi api{*cuda};
  const char* missing = nullptr;
#define REPRISE_FIND(result, name, parameters) \
  api.name = reinterpret_cast<result(*) parameters>(dlsym(nccl, #name));
#define REPRISE_CHECK_FOUND(result, name, parameters) \
  if (api.name == nullptr) missing = #name;
  REPRISE_NCCL_FUNCTIONS(REPRISE_FIND)
  REPRISE_CUDA_FUNCTIONS(REPRISE_CHECK_FOUND)
  REPRISE_NCCL_FUNCTIONS(REPRISE_CHECK_FOUND)
#undef REPRISE_CHECK_FOUND
#undef REPRISE_FIND
  if (missing != nullptr) {
    return UsageError(
        absl::StrCat("libcuda.so.1 and libnccl.so.2 lack ", missing,
                     "; a driver for CUDA 11 and NCCL 2.14 or newer have it"));
  }
  return api;
}

}  // namespace

absl::StatusOr<std::string> DeviceApi::BusId(int device) const {
  REPRISE_RETURN_IF_ERROR(FromCuda(cuInit(0), "cuInit"));
  int handle = 0;
  REPRISE_RETURN_IF_ERROR(
      FromCuda(cuDeviceGet(&handle, device), "cuDeviceGet"));
  char id[32] = {};
  REPRISE_RETURN_IF_ERROR(FromCuda(cuDeviceGetPCIBusId(id, sizeof(id), handle),
                                   "cuDeviceGetPCIBusId"));
  return std::string(id);
}

absl::Status DeviceApi::FromCuda(int result, const char* call) const {
  if (result == kCudaSuccess) return absl::OkStatus();
  return DistributedError(absl::StrCat(call, " failed: ", ErrorText(result)));
}

absl::Status DeviceApi::FromNccl(int result, const char* call,
                                 NcclComm comm) const {
  if (result == kNcclSuccess) return absl::OkStatus();
  const char* last = ncclGetLastError(comm);
  return DistributedError(absl::StrCat(
      call, " failed: ", ncclGetErrorString(result),
      last == nullptr || *last == '\0' ? "" : absl::StrCat(" (", last, ")")));
}

absl::StatusOr<const DeviceApi*> LoadDeviceApi() {
  static const absl::StatusOr<DeviceApi>& api =
      *new absl::StatusOr<DeviceApi>(LoadOnce());
  if (!api.ok()) return api.status();
  return &*api;
}

}  // namespace reprise
