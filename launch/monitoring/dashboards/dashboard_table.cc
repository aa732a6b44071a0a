#include "launch/monitoring/dashboards/dashboard_table.h"

namespace reprise {

std::vector<Dashboard> AllDashboards() {
  return {TrainingDashboard(), AccuracyDashboard(), BufferDashboard(),
          ScalingDashboard(),  GpuDashboard(),      HostDashboard()};
}

}  // namespace reprise
