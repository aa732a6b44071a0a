// The name of a run in every record that leaves it, so that records of several
// runs can lie in one place.
#ifndef REPRISE_CORE_METRICS_RUN_ID_RUN_ID_H_
#define REPRISE_CORE_METRICS_RUN_ID_RUN_ID_H_

#include <cstdint>
#include <string>

#include "absl/strings/string_view.h"
#include "absl/time/time.h"

namespace reprise {

// "20240229T235959Z-node1-0123456789abcdef": the start in UTC, so that ids sort
// by time; the host without its domain; the random bits, which alone keep runs
// apart that start in one second on one host. Letters, digits, '-', '.' and '_'
// only: nothing to escape in a file name, a tag or a URL.
std::string RunIdOf(absl::Time start, absl::string_view host,
                    uint64_t random_bits);

// A new one of now, this host and 64 bits of the system's random numbers. Rank
// 0 makes it once, at the start. Not a function of the seed: two runs of one
// seed are two runs. Thread-safe.
std::string MakeRunId();

}  // namespace reprise

#endif  // REPRISE_CORE_METRICS_RUN_ID_RUN_ID_H_
