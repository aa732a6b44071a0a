// The name of the machine that this process runs on, as it knows itself.
#ifndef REPRISE_CORE_BASE_HOST_NAME_H_
#define REPRISE_CORE_BASE_HOST_NAME_H_

#include <string>

#include "absl/strings/string_view.h"

namespace reprise {

// "unknown" where the system does not tell. Thread-safe.
std::string HostName();

// Without its domain, as Open MPI tells hosts apart; addresses whole.
absl::string_view ShortHostName(absl::string_view host);

}  // namespace reprise

#endif  // REPRISE_CORE_BASE_HOST_NAME_H_
