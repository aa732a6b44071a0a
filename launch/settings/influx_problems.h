// What is wrong with the settings of a server of InfluxDB: the same for a run
// and for a replay of one.
#ifndef REPRISE_LAUNCH_SETTINGS_INFLUX_PROBLEMS_H_
#define REPRISE_LAUNCH_SETTINGS_INFLUX_PROBLEMS_H_

#include <string>
#include <vector>

#include "launch/settings/influx_settings.h"

namespace reprise {

// A line for each contradiction and for what is missing, beginning with the
// flag; no secret is repeated. None where there is no server.
std::vector<std::string> ProblemsOf(const InfluxSettings& influx);

}  // namespace reprise

#endif  // REPRISE_LAUNCH_SETTINGS_INFLUX_PROBLEMS_H_
