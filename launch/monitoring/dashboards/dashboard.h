// A Grafana dashboard: rows of panels, placed from left to right so that none
// overlaps, with the variables that choose what is shown and marks where tasks
// end.
#ifndef REPRISE_LAUNCH_MONITORING_DASHBOARDS_DASHBOARD_H_
#define REPRISE_LAUNCH_MONITORING_DASHBOARDS_DASHBOARD_H_

#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "launch/monitoring/dashboards/panel.h"
#include "nlohmann/json.hpp"

namespace reprise {

// Unique ids of the data sources that the dashboards start with, and that are
// provisioned (server/server_files.h).
inline constexpr absl::string_view kRunDataSource = "reprise-influxdb";
inline constexpr absl::string_view kHostDataSource = "reprise-telegraf";

struct DashboardRow {
  std::string title;
  std::vector<Panel> panels;
};

struct Dashboard {
  enum class Subject { kRuns, kHosts };

  std::string uid;  // stable: links to a dashboard outlive its next generation
  std::string title;
  std::string description;
  Subject subject = Subject::kRuns;
  std::string from;     // begin of the time range, as in "now-1h"
  std::string refresh;  // as in "5s"; empty: by hand
  // Variables beside those of the subject.
  std::vector<nlohmann::ordered_json> variables;
  std::vector<DashboardRow> rows;

  // The content of <uid>.json.
  nlohmann::ordered_json ToJson() const;
};

// A variable with what `query` gives; hidden: not shown, for use in queries. In
// a list "All" is everything.
nlohmann::ordered_json QueryVariable(absl::string_view name,
                                     absl::string_view label,
                                     absl::string_view query);
nlohmann::ordered_json HiddenVariable(absl::string_view name,
                                      absl::string_view query);

}  // namespace reprise

#endif  // REPRISE_LAUNCH_MONITORING_DASHBOARDS_DASHBOARD_H_
