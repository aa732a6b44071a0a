#include <string>

#include "launch/settings/components/component.h"
#include "launch/settings/influx_problems.h"

namespace reprise {
namespace {

std::string WhyNoServer(const ExperimentSpec& spec) {
  return spec.influx.url.empty() ? "there is no --influx-url" : "";
}

void CheckInflux(ResolvedSettings& resolved) {
  for (const std::string& problem : ProblemsOf(resolved.spec.influx)) {
    resolved.AddProblem(problem);
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
