// A transport that tells when each collective was under way.
#ifndef REPRISE_CORE_COMM_DECORATORS_OBSERVING_TRANSPORT_H_
#define REPRISE_CORE_COMM_DECORATORS_OBSERVING_TRANSPORT_H_

#include <functional>
#include <memory>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "core/comm/collective.h"
#include "core/comm/communicator.h"
#include "core/comm/transport.h"

namespace reprise {

// From its issue until this rank found it complete. Called by whichever thread
// drives the communicator.
using CollectiveObserver = std::function<void(
    const Collective& collective, absl::Time issued, absl::Time completed)>;

// Before an abort goes on, which may end the process. Called by the
// communication thread.
using AbortObserver = std::function<void()>;

std::unique_ptr<Transport> MakeObservingTransport(
    std::unique_ptr<Transport> observed, CollectiveObserver observer,
    AbortObserver on_abort = nullptr);

// Collective. How far each rank's clock is ahead of rank 0's: the median over
// several barriers of the difference of the times at which ranks leave it, so
// right to about the time that a barrier takes.
absl::StatusOr<std::vector<absl::Duration>> ClocksAheadOfRank0(
    Communicator& communicator);

}  // namespace reprise

#endif  // REPRISE_CORE_COMM_DECORATORS_OBSERVING_TRANSPORT_H_
