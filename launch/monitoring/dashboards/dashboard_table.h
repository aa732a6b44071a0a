// The dashboards, one function each, and the only list of them.
#ifndef REPRISE_LAUNCH_MONITORING_DASHBOARDS_DASHBOARD_TABLE_H_
#define REPRISE_LAUNCH_MONITORING_DASHBOARDS_DASHBOARD_TABLE_H_

#include <vector>

#include "launch/monitoring/dashboards/dashboard.h"

namespace reprise {

// Of runs.
Dashboard TrainingDashboard();
Dashboard AccuracyDashboard();
Dashboard BufferDashboard();
Dashboard ScalingDashboard();
// Of hosts, by Telegraf.
Dashboard GpuDashboard();
Dashboard HostDashboard();

std::vector<Dashboard> AllDashboards();

}  // namespace reprise

#endif  // REPRISE_LAUNCH_MONITORING_DASHBOARDS_DASHBOARD_TABLE_H_
