// A transport that compares the ranks' calls before each collective, so that
// ranks that disagree on kind, length, type, operation or root, on the bytes of
// an AllToAllv, or on whether the run is over, get an error that names both
// calls, instead of corrupt memory or a job that hangs.
#ifndef REPRISE_CORE_COMM_DECORATORS_CHECKING_TRANSPORT_H_
#define REPRISE_CORE_COMM_DECORATORS_CHECKING_TRANSPORT_H_

#include <memory>

#include "core/comm/transport.h"

namespace reprise {

// Costs an AllGather of 48 + 16 W bytes per collective, and collectives are
// compared one after the other.
std::unique_ptr<Transport> MakeCheckingTransport(
    std::unique_ptr<Transport> checked);

}  // namespace reprise

#endif  // REPRISE_CORE_COMM_DECORATORS_CHECKING_TRANSPORT_H_
