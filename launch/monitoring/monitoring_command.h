// `reprise monitoring`: everything that watching runs needs, as files in one
// folder.
//
//   reprise monitoring [--output=DIR] [--force] [--influx-url=URL]
//                      [--database=NAME] [--telegraf-database=NAME]
//
// DIR gets Grafana's dashboards (dashboards/dashboard_table.h), the files that
// provision Grafana, a configuration of Telegraf and a compose file of the
// servers (server/server_files.h); how to start and to reach them is printed.
// Nothing is started and nothing is sent anywhere.
#ifndef REPRISE_LAUNCH_MONITORING_MONITORING_COMMAND_H_
#define REPRISE_LAUNCH_MONITORING_MONITORING_COMMAND_H_

#include <ostream>
#include <string>
#include <vector>

#include "absl/status/status.h"

namespace reprise {

// `arguments` follow the verb; --help among them prints what it takes. Where
// one of the files is there already, and --force is not given, UsageError
// naming it, and nothing is written. StorageError.
absl::Status RunMonitoringCommand(const std::vector<std::string>& arguments,
                                  std::ostream& out);

}  // namespace reprise

#endif  // REPRISE_LAUNCH_MONITORING_MONITORING_COMMAND_H_
