// Rows of the rehearsal buffer in host memory.
#ifndef REPRISE_CORE_BUFFER_HOST_ROWS_H_
#define REPRISE_CORE_BUFFER_HOST_ROWS_H_

#include <cstdint>
#include <memory>

#include "core/buffer/row_store.h"

namespace reprise {

// A group's memory grows with what is stored, by doubling, but never beyond
// `group_capacity` rows. Rows are sent in the message only; no call fails.
std::unique_ptr<RowStore> MakeHostRows(int64_t row_bytes,
                                       int64_t group_capacity);

}  // namespace reprise

#endif  // REPRISE_CORE_BUFFER_HOST_ROWS_H_
