// Ranks as threads of one process: for tests, and for a job of one rank. The
// reduction of a collective is computed in rank order by the rank that arrives
// last, so results are the same in every run.
#ifndef REPRISE_CORE_COMM_IN_PROCESS_IN_PROCESS_TRANSPORT_H_
#define REPRISE_CORE_COMM_IN_PROCESS_IN_PROCESS_TRANSPORT_H_

#include <vector>

#include "core/comm/transport.h"

namespace reprise {

// One factory per rank of a job of `world_size` >= 1 ranks; each is used once,
// by a thread of its own where world_size > 1.
std::vector<TransportFactory> InProcessJob(int world_size);

}  // namespace reprise

#endif  // REPRISE_CORE_COMM_IN_PROCESS_IN_PROCESS_TRANSPORT_H_
