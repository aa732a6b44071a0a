// NCCL, acted out: communicators that do not block.
#ifndef REPRISE_CORE_COMM_NCCL_TESTING_EMULATED_NCCL_H_
#define REPRISE_CORE_COMM_NCCL_TESTING_EMULATED_NCCL_H_

#include "core/comm/nccl/device_api.h"

namespace reprise {
namespace emulated {

// Sets NCCL's functions of `api`.
void SetNcclFunctions(DeviceApi* api);

}  // namespace emulated
}  // namespace reprise

#endif  // REPRISE_CORE_COMM_NCCL_TESTING_EMULATED_NCCL_H_
