#include "core/comm/nccl/device_api.h"

#include <dlfcn.h>

#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "core/base/status.h"

namespace reprise {
namespace {

absl::Status Load(const char* library, absl::string_view remedy, void** into) {
  *into = dlopen(library, RTLD_NOW | RTLD_GLOBAL);
  if (*into != nullptr) return absl::OkStatus();
  return UsageError(
      absl::StrCat("cannot load ", library, " (", dlerror(), "); ", remedy));
}

absl::StatusOr<DeviceApi> LoadOnce() {
  void* cuda = nullptr;
  void* nccl = nullptr;
  REPRISE_RETURN_IF_ERROR(
      Load("libcuda.so.1", "it comes with NVIDIA's driver", &cuda));
  REPRISE_RETURN_IF_ERROR(
      Load("libnccl.so.2",
           "build with --config=cuda, or put an installed NCCL on "
           "LD_LIBRARY_PATH",
           &nccl));
  DeviceApi api;
  const char* missing = nullptr;
#define REPRISE_FIND(library, name)                                       \
  api.name = reinterpret_cast<decltype(api.name)>(dlsym(library, #name)); \
  if (api.name == nullptr) missing = #name;
#define REPRISE_FIND_CUDA(result, name, parameters) REPRISE_FIND(cuda, name)
#define REPRISE_FIND_NCCL(result, name, parameters) REPRISE_FIND(nccl, name)
  REPRISE_CUDA_FUNCTIONS(REPRISE_FIND_CUDA)
  REPRISE_NCCL_FUNCTIONS(REPRISE_FIND_NCCL)
#undef REPRISE_FIND_CUDA
#undef REPRISE_FIND_NCCL
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
  const char* text = nullptr;
  if (cuGetErrorString(result, &text) != kCudaSuccess || text == nullptr) {
    text = "unknown error";
  }
  return DistributedError(
      absl::StrCat(call, " failed: ", text, " (CUDA error ", result, ")"));
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
