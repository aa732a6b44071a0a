// A server of InfluxDB as settings and the environment say it: the one place
// that reads its secrets, which stand in no setting, file or message.
#ifndef REPRISE_LAUNCH_INFLUX_INFLUX_TARGET_H_
#define REPRISE_LAUNCH_INFLUX_INFLUX_TARGET_H_

#include "absl/status/statusor.h"
#include "core/metrics/influx/influx_server.h"
#include "launch/settings/influx_settings.h"

namespace reprise {

// Of INFLUX_PASSWORD, or the token file or INFLUX_TOKEN. `settings` have passed
// the checks of their component. StorageError where the file cannot be read,
// UsageError, without a word of it, where what it or INFLUX_TOKEN holds is not
// a token: one line of printable characters without spaces.
absl::StatusOr<InfluxTarget> InfluxTargetOf(const InfluxSettings& settings);

}  // namespace reprise

#endif  // REPRISE_LAUNCH_INFLUX_INFLUX_TARGET_H_
