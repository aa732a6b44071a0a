// The server of InfluxDB that gets a run's records. Its secrets are no
// settings: launch/influx/influx_secrets.h.
#ifndef REPRISE_LAUNCH_SETTINGS_INFLUX_SETTINGS_H_
#define REPRISE_LAUNCH_SETTINGS_INFLUX_SETTINGS_H_

#include <cstdint>
#include <string>

namespace reprise {

struct InfluxSettings {
  std::string url;             // empty: none
  std::string database;        // InfluxDB 1; or
  std::string org, bucket;     // 2 and 3
  std::string user;            // InfluxDB 1; empty: none
  std::string token_file;      // InfluxDB 2 and 3; empty: INFLUX_TOKEN
  int64_t flush_seconds = 10;  // at the run's end, at most
};

}  // namespace reprise

#endif  // REPRISE_LAUNCH_SETTINGS_INFLUX_SETTINGS_H_
