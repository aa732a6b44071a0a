// CUDA's driver, libcuda.so.1, found at run time: nothing of it is needed to
// build, link or start a program, and one binary serves machines with and
// without a GPU. It is loaded here alone; core/device/gpu asks it which GPUs
// there are, core/comm/nccl has it work on them.
//
// Types are those of NVIDIA's headers as the calling convention sees them:
// handles are pointers, enumerations ints. abi_test of core/comm/nccl compares
// every signature with the headers (--config=cuda). The driver's interface is
// binary compatible over releases.
#ifndef REPRISE_CORE_BASE_CUDA_FUNCTIONS_H_
#define REPRISE_CORE_BASE_CUDA_FUNCTIONS_H_

#include <cstddef>
#include <cstdint>
#include <string>

#include "absl/status/statusor.h"

namespace reprise {

using CudaContext = void*;
using CudaStream = void*;
using CudaEvent = void*;
using CudaPointer = unsigned long long;  // NOLINT: the header's type

// Values of the header's enumerations and macros.
inline constexpr int kCudaSuccess = 0;
inline constexpr int kCudaNotReady = 600;
inline constexpr int kCudaCapabilityMajor = 75;
inline constexpr int kCudaCapabilityMinor = 76;
inline constexpr unsigned kCudaStreamNonBlocking = 1;
inline constexpr unsigned kCudaEventDefault = 0;
inline constexpr int kCudaCaptureThreadLocal = 1;

// Functions by the name of their symbol.
#define REPRISE_CUDA_FUNCTIONS(F)                                  \
  F(int, cuInit, (unsigned))                                       \
  F(int, cuGetErrorString, (int, const char**))                    \
  F(int, cuDriverGetVersion, (int*))                               \
  F(int, cuDeviceGetCount, (int*))                                 \
  F(int, cuDeviceGet, (int*, int))                                 \
  F(int, cuDeviceGetName, (char*, int, int))                       \
  F(int, cuDeviceGetAttribute, (int*, int, int))                   \
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

struct CudaFunctions {
#define REPRISE_DECLARE(result, name, parameters) \
  result(*name) parameters = nullptr;
  REPRISE_CUDA_FUNCTIONS(REPRISE_DECLARE)
#undef REPRISE_DECLARE

  // The driver's own: "no CUDA-capable device is detected (CUDA error 100)".
  std::string ErrorText(int result) const;
};

// What the library lacks stays nullptr. UsageError with the loader's text, and
// nothing else, where it cannot be loaded. `library`: another one in tests.
absl::StatusOr<CudaFunctions> LoadCudaFunctions(
    const char* library = "libcuda.so.1");

}  // namespace reprise

#endif  // REPRISE_CORE_BASE_CUDA_FUNCTIONS_H_
