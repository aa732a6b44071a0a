#include <string>

#include "core/metrics/influx/influx_server.h"
#include "launch/settings/components/component.h"

namespace reprise {
namespace {

std::string WhyNoServer(const ExperimentSpec& spec) {
  return spec.influx.url.empty() ? "there is no --influx-url" : "";
}

void CheckInflux(ResolvedSettings& resolved) {
  const InfluxSettings& influx = resolved.spec.influx;
  if (influx.url.empty()) return;
  const absl::Status url = CheckInfluxUrl(influx.url);
  if (!url.ok()) resolved.AddProblem(url.message());
  const bool is_first = !influx.database.empty();
  if (is_first && !(influx.org.empty() && influx.bucket.empty())) {
    resolved.AddProblem(
        "--influx-database (InfluxDB 1) contradicts --influx-org and "
        "--influx-bucket (InfluxDB 2 and 3): give those of the server");
  } else if (!is_first && (influx.org.empty() || influx.bucket.empty())) {
    resolved.AddProblem(
        "--influx-url: expected --influx-database (InfluxDB 1), or "
        "--influx-org "
        "and --influx-bucket (InfluxDB 2 and 3), found ",
        influx.org.empty() && influx.bucket.empty() ? "none of them"
                                                    : "one of the latter");
  }
  if (is_first && !influx.token_file.empty()) {
    resolved.AddProblem(
        "--influx-token-file contradicts --influx-database: InfluxDB 1 takes "
        "--influx-user, and INFLUX_PASSWORD of the environment");
  }
  if (!is_first && !influx.user.empty()) {
    resolved.AddProblem(
        "--influx-user is of InfluxDB 1; a bucket takes a token: INFLUX_TOKEN "
        "of the environment, or --influx-token-file");
  }
}

}  // namespace

Component InfluxFlags() {
  const Bind<InfluxSettings> influx(&ExperimentSpec::influx);
  using I = InfluxSettings;
  return {
      "InfluxDB",
      {
          influx("influx-url", &I::url, "URL",
                 "server that gets the records while the run goes, "
                 "http://localhost:8086; it may be away: reprise influx replay "
                 "sends what it missed"),
          influx("influx-database", &I::database, "NAME",
                 "InfluxDB 1: database, which is there already")
              .Unused(WhyNoServer),
          influx("influx-user", &I::user, "NAME",
                 "InfluxDB 1: user; the password is INFLUX_PASSWORD of the "
                 "environment")
              .Unused(WhyNoServer),
          influx("influx-org", &I::org, "NAME",
                 "InfluxDB 2 and 3: organisation")
              .Unused(WhyNoServer),
          influx("influx-bucket", &I::bucket, "NAME",
                 "InfluxDB 2 and 3: bucket, which is there already")
              .Unused(WhyNoServer),
          influx
              .Path("influx-token-file", &I::token_file, "FILE",
                    "InfluxDB 2 and 3: file of the token; without it "
                    "INFLUX_TOKEN of the environment")
              .Unused(WhyNoServer),
          influx("influx-flush-seconds", &I::flush_seconds, "N",
                 "how long the run's end waits at most for the server")
              .From(0)
              .UpTo(3600)
              .Unused(WhyNoServer),
      },
      nullptr,
      CheckInflux};
}

}  // namespace reprise
