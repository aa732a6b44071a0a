// Rows of the rehearsal buffer in the memory of any device of LibTorch's.
#ifndef REPRISE_CORE_DEVICE_TENSOR_ROWS_H_
#define REPRISE_CORE_DEVICE_TENSOR_ROWS_H_

#include <c10/core/Device.h>

#include <cstdint>
#include <memory>

#include "core/buffer/row_store.h"
#include "core/comm/communicator.h"

namespace reprise {

// `communicator`: of the ranks that share the buffer, working on the memory of
// `device`; it outlives the result. nullptr: a buffer that is not shared. Works
// on the calling thread's current stream, the transfers on the communicator's.
//
// All rows lie in one block, which grows by doubling; moving a row within its
// group moves none of its bytes.
std::unique_ptr<RowStore> MakeTensorRows(c10::Device device, int64_t row_bytes,
                                         Communicator* communicator);

}  // namespace reprise

#endif  // REPRISE_CORE_DEVICE_TENSOR_ROWS_H_
