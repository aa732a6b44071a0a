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

absl::string_view ShortHostName(absl::string_view host) {
  const bool is_address =
      host.find_first_not_of("0123456789.") == absl::string_view::npos ||
      host.find(':') != absl::string_view::npos;
  return is_address ? host : host.substr(0, host.find('.'));
}

}  // namespace reprise
