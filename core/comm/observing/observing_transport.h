// A transport that tells when each collective was under way.
#ifndef REPRISE_CORE_COMM_OBSERVING_OBSERVING_TRANSPORT_H_
#define REPRISE_CORE_COMM_OBSERVING_OBSERVING_TRANSPORT_H_

#include <functional>
#include <memory>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "core/comm/communicator.h"
#include "core/comm/transport.h"

namespace reprise {

// From its issue until this rank found it complete. Called by one thread at a
// time: the communication thread or a caller in Wait.
using CollectiveObserver = std::function<void(
    const Collective& collective, absl::Time issued, absl::Time completed)>;

std::unique_ptr<Transport> MakeObservingTransport(
    std::unique_ptr<Transport> observed, CollectiveObserver observer);

// Collective. How far each rank's clock is ahead of rank 0's: the median over
// several barriers of the difference of the times at which ranks leave it, so
// right to about the time that a barrier takes.
absl::StatusOr<std::vector<absl::Duration>> ClocksAheadOfRank0(
    Communicator& communicator);

}  // namespace reprise

#endif  // REPRISE_CORE_COMM_OBSERVING_OBSERVING_TRANSPORT_H_
