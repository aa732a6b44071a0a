#include "absl/strings/str_cat.h"
#include "launch/monitoring/dashboards/dashboard_table.h"

namespace reprise {
namespace {

PanelQuery OverTime(absl::string_view measurement, absl::string_view expression,
                    const std::vector<std::string>& tags,
                    absl::string_view name) {
  InfluxQuery query(measurement);
  query.Select(expression).By(tags).OverTime();
  return {query, std::string(name)};
}

// All processors of a host together.
PanelQuery OfProcessors(absl::string_view field, absl::string_view name) {
  InfluxQuery query("cpu");
  query.Select(absl::StrCat("mean({", field, "})"))
      .Where("{cpu} = 'cpu-total'")
      .By({"host"})
      .OverTime();
  return {query, absl::StrCat("$tag_host ", name)};
}

// A counter's growth a second; `factor` counts in the panel's unit.
std::string Rate(absl::string_view field, absl::string_view factor = "") {
  return absl::StrCat("non_negative_derivative(mean({", field, "}), 1s)",
                      factor);
}

// A counter that is received and sent, in one panel.
PanelBuilder Rates(absl::string_view title, absl::string_view measurement,
                   absl::string_view tag, absl::string_view received,
                   absl::string_view sent, absl::string_view factor = "") {
  const std::string name = absl::StrCat("$tag_host $tag_", tag);
  const std::vector<std::string> tags = {"host", std::string(tag)};
  return PanelBuilder(title, {OverTime(measurement, Rate(received, factor),
                                       tags, absl::StrCat(name, " ", received)),
                              OverTime(measurement, Rate(sent, factor), tags,
                                       absl::StrCat(name, " ", sent))});
}

}  // namespace

Dashboard HostDashboard() {
  Dashboard dashboard;
  dashboard.uid = "reprise-hosts";
  dashboard.title = "Reprise: hosts and network";
  dashboard.description =
      "Processors, memory, storage, Ethernet and InfiniBand of the hosts, by "
      "Telegraf; with marks where tasks of runs end.";
  dashboard.subject = Dashboard::Subject::kHosts;
  dashboard.from = "now-30m";
  dashboard.refresh = "10s";
  dashboard.rows = {
      {"Processors and memory",
       {PanelBuilder("Processors", {OfProcessors("usage_user", "programs"),
                                    OfProcessors("usage_system", "kernel"),
                                    OfProcessors("usage_iowait", "storage")})
            .Describe("of the time of all processors")
            .UpTo(100)
            .Lines(),
        PanelBuilder("Load by processor",
                     {OverTime("system", "mean({load1}) / mean({n_cpus})",
                               {"host"}, "$tag_host")})
            .Describe("processes that run or wait, over a minute, by logical "
                      "processors; above 1 some wait")
            .Lines(),
        PanelBuilder("Memory in use",
                     {OverTime("mem", "mean({used})", {"host"}, "$tag_host")})
            .Lines(),
        PanelBuilder("File systems",
                     {OverTime("disk", "mean({used_percent})", {"host", "path"},
                               "$tag_host $tag_path")})
            .UpTo(100)
            .Lines()}},
      {"Network",
       {Rates("Bytes a second", "net", "interface", "bytes_recv", "bytes_sent")
            .Unit("bytes/second")
            .Lines(),
        Rates("Packets dropped a second", "net", "interface", "drop_in",
              "drop_out")
            .Unit("packets/second")
            .Lines()}},
      {"InfiniBand",
       {Rates("Bytes a second", "infiniband", "device", "port_rcv_data",
              "port_xmit_data", " * 4")
            .Unit("bytes/second")
            .Describe("The counters are in words of four bytes, of a port")
            .Lines(),
        Rates("Errors received, ticks waited for credit, a second",
              "infiniband", "device", "port_rcv_errors", "port_xmit_wait")
            .Unit("")
            .Lines()}},
  };
  return dashboard;
}

}  // namespace reprise
