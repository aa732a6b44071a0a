// The functions of CUDA's driver and of NCCL that core/comm/nccl calls, found
// at run time: nothing of them is needed to build, link or start a program, and
// one binary serves machines with and without a GPU.
//
// Types are those of NVIDIA's headers as the calling convention sees them:
// handles are pointers, enumerations ints. abi_test compares every signature
// with the headers (--config=cuda). The driver's interface and NCCL's since
// 2.14 are binary compatible over releases.
#ifndef REPRISE_CORE_COMM_NCCL_DEVICE_API_H_
#define REPRISE_CORE_COMM_NCCL_DEVICE_API_H_

#include <cstddef>
#include <cstdint>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace reprise {

using CudaContext = void*;
using CudaStream = void*;
using CudaEvent = void*;
using CudaPointer = unsigned long long;  // NOLINT: the header's type
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

// Values of the headers' enumerations and macros.
inline constexpr int kCudaSuccess = 0;
inline constexpr int kCudaNotReady = 600;
inline constexpr unsigned kCudaStreamNonBlocking = 1;
inline constexpr unsigned kCudaEventDefault = 0;
inline constexpr int kCudaCaptureThreadLocal = 1;
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
#define REPRISE_CUDA_FUNCTIONS(F)                                  \
  F(int, cuInit, (unsigned))                                       \
  F(int, cuGetErrorString, (int, const char**))                    \
  F(int, cuDeviceGet, (int*, int))                                 \
  F(int, cuDeviceGetPCIBusId, (char*, int, int))                   \
  F(int, cuDevicePrimaryCtxRetain, (CudaContext*, int))            \
  F(int, cuDevicePrimaryCtxRelease_v2, (int))                      \
  F(int, cuCtxSetCurrent, (CudaContext))                           \
  F(int, cuCtxGetStreamPriorityRange, (int*, int*))                \
  F(int, cuStreamCreateWithPriority, (CudaStream*, unsigned, int)) \
  F(int, cuStreamDestroy_v2, (CudaStream))                         \
  F(int, cuStreamSynchronize, (CudaStream))                        \
  F(int, cuStreamWaitEvent, (CudaStream, CudaEvent, unsigned))     \
  F(int, cuEventCreate, (CudaEvent*, unsigned))                    \
  F(int, cuEventDestroy_v2, (CudaEvent))                           \
  F(int, cuEventRecord, (CudaEvent, CudaStream))                   \
  F(int, cuEventQuery, (CudaEvent))                                \
  F(int, cuEventElapsedTime, (float*, CudaEvent, CudaEvent))       \
  F(int, cuThreadExchangeStreamCaptureMode, (int*))                \
  F(int, cuMemAlloc_v2, (CudaPointer*, size_t))                    \
  F(int, cuMemFree_v2, (CudaPointer))                              \
  F(int, cuMemcpyHtoD_v2, (CudaPointer, const void*, size_t))      \
  F(int, cuMemcpyDtoH_v2, (void*, CudaPointer, size_t))

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

struct DeviceApi {
#define REPRISE_DECLARE(result, name, parameters) \
  result(*name) parameters = nullptr;
  REPRISE_CUDA_FUNCTIONS(REPRISE_DECLARE)
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
