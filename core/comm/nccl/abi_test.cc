// Compares device_api.h and core/base/cuda_functions.h with NVIDIA's headers:
// for each function the number of parameters and, of each and of the result,
// the size and whether it is a pointer, a number or a structure. All of it when
// it is compiled.
#include <cuda.h>
#include <nccl.h>

#include <cstddef>
#include <type_traits>

#include "core/comm/nccl/device_api.h"

namespace reprise {
namespace {

// An enumeration passes as the int it is, a handle as the pointer it is.
template <typename A, typename B>
constexpr bool PassAlike() {
  constexpr bool numbers_a = std::is_integral_v<A> || std::is_enum_v<A>;
  constexpr bool numbers_b = std::is_integral_v<B> || std::is_enum_v<B>;
  return sizeof(A) == sizeof(B) && numbers_a == numbers_b &&
         std::is_pointer_v<A> == std::is_pointer_v<B> &&
         std::is_class_v<A> == std::is_class_v<B>;
}

template <typename A, typename B>
struct Alike : std::false_type {};
template <typename ResultA, typename... A, typename ResultB, typename... B>
struct Alike<ResultA (*)(A...), ResultB (*)(B...)> {
  static constexpr bool Value() {
    if constexpr (sizeof...(A) != sizeof...(B)) {
      return false;
    } else {
      return PassAlike<ResultA, ResultB>() && (PassAlike<A, B>() && ...);
    }
  }
  static constexpr bool value = Value();
};

// &cuMemAlloc_v2 is what the header's macro makes of cuMemAlloc.
#define REPRISE_COMPARE(result, name, parameters)                           \
  static_assert(Alike<decltype(&::name), decltype(DeviceApi::name)>::value, \
                #name);
REPRISE_CUDA_FUNCTIONS(REPRISE_COMPARE)
REPRISE_NCCL_FUNCTIONS(REPRISE_COMPARE)
#undef REPRISE_COMPARE

static_assert(sizeof(NcclId) == sizeof(ncclUniqueId));
static_assert(sizeof(NcclConfig) <= sizeof(ncclConfig_t));
static_assert(offsetof(NcclConfig, size) == offsetof(ncclConfig_t, size));
static_assert(offsetof(NcclConfig, magic) == offsetof(ncclConfig_t, magic));
static_assert(offsetof(NcclConfig, version) == offsetof(ncclConfig_t, version));
static_assert(offsetof(NcclConfig, blocking) ==
              offsetof(ncclConfig_t, blocking));
static_assert(kCudaSuccess == CUDA_SUCCESS);
static_assert(kCudaCapabilityMajor ==
              CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MAJOR);
static_assert(kCudaCapabilityMinor ==
              CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MINOR);
static_assert(kCudaNotReady == CUDA_ERROR_NOT_READY);
static_assert(kCudaStreamNonBlocking == CU_STREAM_NON_BLOCKING);
static_assert(kCudaEventDefault == CU_EVENT_DEFAULT);
static_assert(kCudaCaptureThreadLocal == CU_STREAM_CAPTURE_MODE_THREAD_LOCAL);
static_assert(int{kNcclSuccess} == ncclSuccess);
static_assert(int{kNcclInProgress} == ncclInProgress);
static_assert(int{kNcclUint8} == ncclUint8);
static_assert(int{kNcclInt32} == ncclInt32);
static_assert(int{kNcclInt64} == ncclInt64);
static_assert(int{kNcclFloat16} == ncclFloat16);
static_assert(int{kNcclFloat32} == ncclFloat32);
static_assert(int{kNcclFloat64} == ncclFloat64);
static_assert(int{kNcclBFloat16} == ncclBfloat16);
static_assert(int{kNcclSum} == ncclSum);
static_assert(int{kNcclMax} == ncclMax);
static_assert(int{kNcclMin} == ncclMin);

}  // namespace
}  // namespace reprise

int main() {
  const ncclConfig_t config = NCCL_CONFIG_INITIALIZER;
  const reprise::NcclConfig ours;
  return reprise::LegacyStream() == CU_STREAM_LEGACY &&
                 config.magic == ours.magic &&
                 ours.version == NCCL_VERSION(2, 14, 0)
             ? 0
             : 1;
}
