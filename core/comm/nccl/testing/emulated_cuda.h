// CUDA's driver, acted out.
#ifndef REPRISE_CORE_COMM_NCCL_TESTING_EMULATED_CUDA_H_
#define REPRISE_CORE_COMM_NCCL_TESTING_EMULATED_CUDA_H_

#include "core/comm/nccl/device_api.h"

namespace reprise {
namespace emulated {

// Sets the driver's functions of `api`.
void SetCudaFunctions(DeviceApi* api);

}  // namespace emulated
}  // namespace reprise

#endif  // REPRISE_CORE_COMM_NCCL_TESTING_EMULATED_CUDA_H_
