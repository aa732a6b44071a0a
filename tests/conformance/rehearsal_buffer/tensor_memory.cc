// The suite on rows in tensors, which go by an exchange of their own, here by
// the communicator of the others. On the CPU, where tests can read what is
// given; tests/integration:device_buffer_test trains on other devices.
#include <c10/core/Device.h>

#include "core/device/tensor_rows.h"
#include "tests/conformance/rehearsal_buffer/row_memory.h"

namespace reprise {

std::unique_ptr<RowStore> MakeTestedRows(int64_t row_bytes,
                                         Communicator* communicator) {
  return MakeTensorRows(c10::Device(c10::DeviceType::CPU), row_bytes,
                        communicator);
}

}  // namespace reprise
