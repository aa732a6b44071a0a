#include "core/metrics/run_id/run_id.h"

#include <sys/random.h>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/time/clock.h"
#include "core/base/check.h"
#include "core/base/host_name.h"

namespace reprise {

std::string RunIdOf(absl::Time start, absl::string_view host,
                    uint64_t random_bits) {
  std::string name(ShortHostName(host));
  for (char& c : name) {
    if (!absl::ascii_isalnum(c) && c != '-' && c != '.') c = '_';
  }
  return absl::StrCat(
      absl::FormatTime("%Y%m%dT%H%M%SZ", start, absl::UTCTimeZone()), "-", name,
      "-", absl::StrFormat("%016x", random_bits));
}

std::string MakeRunId() {
  uint64_t random_bits = 0;
  // So few bytes come whole, once the system has started.
  REPRISE_CHECK(getrandom(&random_bits, sizeof(random_bits), /*flags=*/0) ==
                sizeof(random_bits));
  return RunIdOf(absl::Now(), HostName(), random_bits);
}

}  // namespace reprise
