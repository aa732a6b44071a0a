// Makes a rank's communication late at random, for tests of what must not
// depend on time.
#ifndef REPRISE_CORE_COMM_DECORATORS_DELAYING_TRANSPORT_H_
#define REPRISE_CORE_COMM_DECORATORS_DELAYING_TRANSPORT_H_

#include <atomic>
#include <cstdint>
#include <memory>

#include "absl/time/time.h"
#include "core/comm/transport.h"

namespace reprise {

// Starts each collective of `delayed` late, by a sleep of the communication
// thread of up to half a millisecond, and finds it complete late: by as much
// or, one in eight, by up to `longest`, so that it may be after those that were
// started later. How long is drawn from a stream of `run` and the rank. `on`,
// where given, says when, and outlives this.
std::unique_ptr<Transport> MakeDelayingTransport(
    std::unique_ptr<Transport> delayed, uint32_t run, absl::Duration longest,
    const std::atomic<bool>* on = nullptr);

}  // namespace reprise

#endif  // REPRISE_CORE_COMM_DECORATORS_DELAYING_TRANSPORT_H_
