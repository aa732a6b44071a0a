#include "core/base/host_name.h"

#include <unistd.h>

namespace reprise {

std::string HostName() {
  char host[256] = "";
  if (gethostname(host, sizeof(host) - 1) != 0 || host[0] == '\0') {
    return "unknown";
  }
  return host;
}

}  // namespace reprise
