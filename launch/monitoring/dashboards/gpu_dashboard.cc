#include "launch/monitoring/dashboards/dashboard_table.h"

namespace reprise {
namespace {

PanelBuilder OfGpus(absl::string_view title, absl::string_view expression) {
  InfluxQuery query("nvidia_smi");
  query.Select(expression).By({"host", "index", "name"}).OverTime();
  return PanelBuilder(title, {{query, "$tag_host GPU $tag_index ($tag_name)"}});
}

}  // namespace

Dashboard GpuDashboard() {
  Dashboard dashboard;
  dashboard.uid = "reprise-gpus";
  dashboard.title = "Reprise: GPUs";
  dashboard.description =
      "GPUs of the hosts, by Telegraf's input nvidia_smi; with marks where "
      "tasks of runs end.";
  dashboard.subject = Dashboard::Subject::kHosts;
  dashboard.from = "now-30m";
  dashboard.refresh = "10s";
  dashboard.rows = {
      {"Use",
       {OfGpus("Utilization", "mean({utilization_gpu})").UpTo(100).Lines(),
        OfGpus("Memory in use", "mean({memory_used})").Lines(),
        OfGpus("Utilization of memory bandwidth", "mean({utilization_memory})")
            .UpTo(100)
            .Lines(),
        OfGpus("Memory in use, of all",
               "mean({memory_used}) / mean({memory_total})")
            .Unit("ratio")
            .UpTo(1)
            .Lines()}},
      {"Heat and power",
       {OfGpus("Temperature", "mean({temperature_gpu})").Lines(),
        OfGpus("Power", "mean({power_draw})").Lines()}},
  };
  return dashboard;
}

}  // namespace reprise
