// The files beside the dashboards: what Grafana is provisioned with, the
// configuration of Telegraf, and the compose file that starts InfluxDB, Grafana
// and, if wanted, Telegraf. None has a secret: passwords come from the
// environment of whoever starts the servers.
#ifndef REPRISE_LAUNCH_MONITORING_SERVER_SERVER_FILES_H_
#define REPRISE_LAUNCH_MONITORING_SERVER_SERVER_FILES_H_

#include <string>
#include <vector>

#include "absl/strings/string_view.h"

namespace reprise {

struct MonitoringServers {
  std::string influx_url = "http://localhost:8086";  // as hosts reach it
  std::string run_database = "reprise";
  std::string host_database = "telegraf";
};

struct MonitoringFile {
  std::string path;  // in the output folder
  std::string content;
};

// Where the dashboards go, in the output folder.
inline constexpr absl::string_view kDashboardFolder = "grafana/dashboards";

std::vector<MonitoringFile> ServerFiles(const MonitoringServers& servers);

}  // namespace reprise

#endif  // REPRISE_LAUNCH_MONITORING_SERVER_SERVER_FILES_H_
