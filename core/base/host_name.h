// The name of the machine that this process runs on, as it knows itself.
#ifndef REPRISE_CORE_BASE_HOST_NAME_H_
#define REPRISE_CORE_BASE_HOST_NAME_H_

#include <string>

namespace reprise {

// "unknown" where the system does not tell. Thread-safe.
std::string HostName();

}  // namespace reprise

#endif  // REPRISE_CORE_BASE_HOST_NAME_H_
