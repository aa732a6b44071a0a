// Runs a test body on every rank of a job, each on a thread of its own.
#ifndef REPRISE_CORE_COMM_IN_PROCESS_RANKS_AS_THREADS_H_
#define REPRISE_CORE_COMM_IN_PROCESS_RANKS_AS_THREADS_H_

#include <functional>
#include <memory>

#include "core/comm/communicator.h"
#include "core/comm/transport.h"

namespace reprise {

// Makes what stands between a rank's communicator and its in_process transport.
using TransportDecorator = std::function<std::unique_ptr<Transport>(
    std::unique_ptr<Transport> transport)>;

// Calls body(communicator of rank r) for all r < world_size at once, and then
// expects Finalize to be OK.
void RunRanksAsThreads(int world_size,
                       const std::function<void(Communicator&)>& body,
                       const TransportDecorator& decorator = nullptr);

// The same for a body that fails and may leave the communicator unusable:
// nothing is expected of Finalize.
void RunFailingRanksAsThreads(int world_size,
                              const std::function<void(Communicator&)>& body);

}  // namespace reprise

#endif  // REPRISE_CORE_COMM_IN_PROCESS_RANKS_AS_THREADS_H_
