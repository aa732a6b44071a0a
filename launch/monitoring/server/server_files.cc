#include "launch/monitoring/server/server_files.h"

#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "launch/monitoring/dashboards/dashboard.h"

namespace reprise {
namespace {

// Ports are this machine's own: there is no password on InfluxDB, and Grafana's
// goes over plain HTTP. InfluxDB makes the database as it first starts.
constexpr absl::string_view kCompose =
    R"(# GRAFANA_PASSWORD=... docker compose up -d
# GRAFANA_PASSWORD=... docker compose --profile telegraf up -d
name: reprise-monitoring

services:
  influxdb:
    image: influxdb:1.8.10
    restart: unless-stopped
    ports:
      - "127.0.0.1:8086:8086"
    environment:
      INFLUXDB_DB: "@RUNS@"
      INFLUXDB_REPORTING_DISABLED: "true"
      INFLUXDB_DATA_INDEX_VERSION: "tsi1"
    volumes:
      - influxdb:/var/lib/influxdb
    healthcheck:
      test: ["CMD", "influx", "-execute", "SHOW DATABASES"]
      interval: 10s
      timeout: 5s
      retries: 12

  grafana:
    image: grafana/grafana:10.4.2
    restart: unless-stopped
    depends_on:
      influxdb:
        condition: service_healthy
    ports:
      - "127.0.0.1:3000:3000"
    environment:
      GF_SECURITY_ADMIN_PASSWORD: "${GRAFANA_PASSWORD:?set GRAFANA_PASSWORD to the password of Grafana's admin}"
      GF_ANALYTICS_REPORTING_ENABLED: "false"
      GF_ANALYTICS_CHECK_FOR_UPDATES: "false"
      REPRISE_INFLUX_URL: "http://influxdb:8086"
      REPRISE_DASHBOARDS: "/var/lib/grafana-dashboards"
    volumes:
      - grafana:/var/lib/grafana
      - ./grafana/provisioning:/etc/grafana/provisioning:ro
      - ./grafana/dashboards:/var/lib/grafana-dashboards:ro
    healthcheck:
      test: ["CMD", "wget", "-q", "-O", "/dev/null", "http://127.0.0.1:3000/api/health"]
      interval: 10s
      timeout: 5s
      retries: 12

  # The figures of this host. On other hosts, and for GPUs, Telegraf runs
  # outside a container: telegraf --config telegraf/telegraf.conf
  telegraf:
    image: telegraf:1.30.3
    profiles: ["telegraf"]
    restart: unless-stopped
    depends_on:
      influxdb:
        condition: service_healthy
    network_mode: host
    environment:
      HOST_ETC: "/hostfs/etc"
      HOST_PROC: "/hostfs/proc"
      HOST_SYS: "/hostfs/sys"
      HOST_MOUNT_PREFIX: "/hostfs"
    volumes:
      - ./telegraf/telegraf.conf:/etc/telegraf/telegraf.conf:ro
      - /:/hostfs:ro
    healthcheck:
      test: ["CMD", "telegraf", "--config", "/etc/telegraf/telegraf.conf", "--test", "--input-filter", "system"]
      interval: 60s
      timeout: 20s
      retries: 3

volumes:
  influxdb:
  grafana:
)";

// `database` is what Grafana up to 9 reads, jsonData.dbName what later ones do.
constexpr absl::string_view kDataSources =
    R"(# Read by Grafana as it starts; $NAME is from its environment.
apiVersion: 1

datasources:
  - name: Reprise runs
    uid: @RUNS_UID@
    type: influxdb
    access: proxy
    url: $REPRISE_INFLUX_URL
    user: $REPRISE_INFLUX_USER
    database: @RUNS@
    isDefault: true
    jsonData:
      dbName: @RUNS@
      httpMode: POST
      timeInterval: 1s
    secureJsonData:
      password: $REPRISE_INFLUX_PASSWORD

  - name: Reprise hosts
    uid: @HOSTS_UID@
    type: influxdb
    access: proxy
    url: $REPRISE_INFLUX_URL
    user: $REPRISE_INFLUX_USER
    database: @HOSTS@
    jsonData:
      dbName: @HOSTS@
      httpMode: POST
      timeInterval: 10s
    secureJsonData:
      password: $REPRISE_INFLUX_PASSWORD
)";

constexpr absl::string_view kDashboardProvider =
    R"(# Read by Grafana as it starts; $NAME is from its environment.
apiVersion: 1

providers:
  - name: Reprise
    folder: Reprise
    type: file
    disableDeletion: false
    allowUiUpdates: true
    updateIntervalSeconds: 30
    options:
      path: $REPRISE_DASHBOARDS
)";

constexpr absl::string_view kTelegraf =
    R"(# On each host that computes: telegraf --config telegraf.conf
# Points carry the host's name as the tag "host".

[agent]
  interval = "10s"
  round_interval = true
  metric_batch_size = 1000
  metric_buffer_limit = 10000
  flush_interval = "10s"
  omit_hostname = false

[[outputs.influxdb]]
  urls = ["@URL@"]
  database = "@HOSTS@"

[[inputs.cpu]]
  percpu = false
  totalcpu = true

[[inputs.mem]]

[[inputs.system]]

[[inputs.net]]
  ignore_protocol_stats = true

[[inputs.disk]]
  ignore_fs = ["tmpfs", "devtmpfs", "devfs", "iso9660", "overlay", "aufs", "squashfs"]

# Without InfiniBand this reports an error at each interval, and nothing else:
# take it out there.
[[inputs.infiniband]]

# Telegraf 1.30 and later leave it out by themselves where there is no nvidia-smi.
[[inputs.nvidia_smi]]
  startup_error_behavior = "ignore"
)";

}  // namespace

std::vector<MonitoringFile> ServerFiles(const MonitoringServers& servers) {
  const auto filled = [&](absl::string_view text) {
    return absl::StrReplaceAll(text, {{"@RUNS@", servers.run_database},
                                      {"@HOSTS@", servers.host_database},
                                      {"@URL@", servers.influx_url},
                                      {"@RUNS_UID@", kRunDataSource},
                                      {"@HOSTS_UID@", kHostDataSource}});
  };
  return {
      {"compose.yaml", filled(kCompose)},
      {"grafana/provisioning/datasources/reprise.yaml", filled(kDataSources)},
      {"grafana/provisioning/dashboards/reprise.yaml",
       filled(kDashboardProvider)},
      {"telegraf/telegraf.conf", filled(kTelegraf)},
  };
}

}  // namespace reprise
