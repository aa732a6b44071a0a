// The memory whose rows a runner of the suite tests: each defines this.
#ifndef REPRISE_TESTS_CONFORMANCE_REHEARSAL_BUFFER_ROW_MEMORY_H_
#define REPRISE_TESTS_CONFORMANCE_REHEARSAL_BUFFER_ROW_MEMORY_H_

#include <cstdint>
#include <memory>

#include "core/buffer/row_store.h"
#include "core/comm/communicator.h"

namespace reprise {

// `communicator`: of the ranks that share the buffer; nullptr: a rank alone.
// nullptr for what RehearsalBuffer takes by itself.
std::unique_ptr<RowStore> MakeTestedRows(int64_t row_bytes,
                                         Communicator* communicator);

}  // namespace reprise

#endif  // REPRISE_TESTS_CONFORMANCE_REHEARSAL_BUFFER_ROW_MEMORY_H_
