// The functions of NCCL, found at run time as those of CUDA's driver are
// (core/base/cuda_functions.h), and of both what core/comm/nccl calls.
//
// Types are those of NCCL's header as the calling convention sees them: handles
// are pointers, enumerations ints. abi_test compares every signature with the
// headers (--config=cuda). NCCL's interface is binary compatible since 2.14.
#ifndef REPRISE_CORE_COMM_NCCL_DEVICE_API_H_
#define REPRISE_CORE_COMM_NCCL_DEVICE_API_H_

#include <cstddef>
#include <cstdint>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "core/base/cuda_functions.h"

namespace reprise {

using NcclComm = void*;

struct NcclId {
  char bytes[128];
};

// What ncclConfig_t was in 2.14: a newer NCCL reads as much as `size` says and
// takes its own defaults for what is later than `version`.
struct NcclConfig {
  size_t size = sizeof(NcclConfig);
  unsigned magic = 0xcafebeef;
  unsigned version = 21400;
  int blocking = 1;
};

// Values of the header's enumerations.
inline constexpr int kNcclSuccess = 0;
inline constexpr int kNcclInProgress = 7;
enum NcclType {
  kNcclUint8 = 1,
  kNcclInt32 = 2,
  kNcclInt64 = 4,
  kNcclFloat16 = 6,
  kNcclFloat32 = 7,
  kNcclFloat64 = 8,
  kNcclBFloat16 = 9
};
enum NcclOp { kNcclSum = 0, kNcclMax = 2, kNcclMin = 3 };

// The stream that LibTorch computes on unless told otherwise; nullptr is the
// same one.
inline CudaStream LegacyStream() {
  return reinterpret_cast<CudaStream>(uintptr_t{1});
}

// Functions by the name of their symbol.
#define REPRISE_NCCL_FUNCTIONS(F)                                            \
  F(int, ncclGetVersion, (int*))                                             \
  F(int, ncclGetUniqueId, (NcclId*))                                         \
  F(int, ncclCommInitRankConfig, (NcclComm*, int, NcclId, int, NcclConfig*)) \
  F(int, ncclCommFinalize, (NcclComm))                                       \
  F(int, ncclCommDestroy, (NcclComm))                                        \
  F(int, ncclCommAbort, (NcclComm))                                          \
  F(int, ncclCommGetAsyncError, (NcclComm, int*))                            \
  F(const char*, ncclGetErrorString, (int))                                  \
  F(const char*, ncclGetLastError, (NcclComm))                               \
  F(int, ncclAllReduce,                                                      \
    (const void*, void*, size_t, int, int, NcclComm, CudaStream))            \
  F(int, ncclBroadcast,                                                      \
    (const void*, void*, size_t, int, int, NcclComm, CudaStream))            \
  F(int, ncclAllGather,                                                      \
    (const void*, void*, size_t, int, NcclComm, CudaStream))                 \
  F(int, ncclSend, (const void*, size_t, int, int, NcclComm, CudaStream))    \
  F(int, ncclRecv, (void*, size_t, int, int, NcclComm, CudaStream))          \
  F(int, ncclGroupStart, ())                                                 \
  F(int, ncclGroupEnd, ())

struct DeviceApi : CudaFunctions {
#define REPRISE_DECLARE(result, name, parameters) \
  result(*name) parameters = nullptr;
  REPRISE_NCCL_FUNCTIONS(REPRISE_DECLARE)
#undef REPRISE_DECLARE

  // Of GPU number `device`, "0000:3b:00.0": what tells GPUs of a host apart.
  absl::StatusOr<std::string> BusId(int device) const;

  // OK, or DistributedError with the library's own text.
  absl::Status FromCuda(int result, const char* call) const;
  // `comm` may be nullptr.
  absl::Status FromNccl(int result, const char* call, NcclComm comm) const;
};

// Loads libcuda.so.1 and libnccl.so.2, once. UsageError that names what is
// missing and where it would come from.
absl::StatusOr<const DeviceApi*> LoadDeviceApi();

}  // namespace reprise

#endif  // REPRISE_CORE_COMM_NCCL_DEVICE_API_H_
