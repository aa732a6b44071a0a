#include "launch/influx/influx_command.h"

#include <unistd.h>

#include <algorithm>
#include <map>
#include <memory>
#include <utility>

#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "core/base/environment.h"
#include "core/base/status.h"
#include "core/metrics/influx/influx_server.h"
#include "core/metrics/influx/influx_sink.h"
#include "core/metrics/influx/point_delivery.h"
#include "core/metrics/run_json.h"
#include "launch/cli/verb/verb_line.h"
#include "launch/influx/influx_target.h"
#include "launch/influx/run_points.h"
#include "launch/settings/influx_problems.h"
#include "launch/settings/influx_settings.h"
#include "nlohmann/json.hpp"

namespace reprise {
namespace {

constexpr char kUsage[] = "reprise influx replay RUN [--influx-url URL ...]";
constexpr char kHelp[] =
    R"(Sends the points of a run to InfluxDB: those that its server missed, or all of
a run that had none. RUN is its results folder. Twice is as good as once.
Where to is as the run had it; a flag says otherwise. A password is
INFLUX_PASSWORD of the environment, a token INFLUX_TOKEN.)";

constexpr absl::Duration kRequestLimit = absl::Seconds(30);
constexpr int kTries = 5;

// What the run was told of its server; empty of a run that has no run.json.
absl::StatusOr<std::map<std::string, std::string>> InfluxSettingsOfRun(
    const std::string& folder) {
  std::map<std::string, std::string> values;
  if (access((folder + "/run.json").c_str(), F_OK) != 0) return values;
  REPRISE_ASSIGN_OR_RETURN(const RunJson run, ReadRunJson(folder));
  for (const RunInfo::Setting& setting : run.info.settings) {
    const auto value =
        nlohmann::json::parse(setting.value_json, nullptr, false);
    if (value.is_string()) values[setting.name] = value;
  }
  return values;
}

// Whether the flags say where to, so that run.json need not.
bool SaysWhere(const InfluxSettings& given) {
  return !given.url.empty() && ProblemsOf(given).empty();
}

// Sets what the flags leave open to what the run was told.
absl::Status FillFromRun(const std::string& folder, std::ostream& out,
                         InfluxSettings* given) {
  auto run = InfluxSettingsOfRun(folder);
  if (!run.ok()) {
    if (!SaysWhere(*given)) return run.status();
    out << "influx: " << run.status().message()
        << "; where to is as the flags say" << std::endl;
    return absl::OkStatus();
  }
  // Another kind of server: what the run knew of its own does not hold.
  if (!given->database.empty()) {
    for (const char* name :
         {"influx-org", "influx-bucket", "influx-token-file"}) {
      run->erase(name);
    }
  } else if (!given->org.empty() || !given->bucket.empty()) {
    for (const char* name : {"influx-database", "influx-user"}) {
      run->erase(name);
    }
  }
  const auto fill = [&run](const char* name, std::string* value) {
    if (value->empty()) *value = (*run)[name];
  };
  fill("influx-url", &given->url);
  fill("influx-database", &given->database);
  fill("influx-user", &given->user);
  fill("influx-org", &given->org);
  fill("influx-bucket", &given->bucket);
  fill("influx-token-file", &given->token_file);
  return absl::OkStatus();
}

// Tries again where the server could not take them.
InfluxReply DeliverPatiently(absl::string_view lines, const std::string& name,
                             PointDelivery& delivery, std::ostream& out) {
  for (int i = 0;; ++i) {
    InfluxReply reply = delivery.Deliver(lines, kRequestLimit);
    if (reply.kind != InfluxReply::Kind::kLater || i + 1 == kTries) {
      return reply;
    }
    const absl::Duration pause = std::min(
        std::max(absl::Seconds(1 << i), reply.retry_after), absl::Minutes(1));
    out << "influx: " << name << ": " << reply.reason << "; again in "
        << absl::FormatDuration(pause) << std::endl;
    absl::SleepFor(pause);
  }
}

absl::Status Replay(const std::string& folder, const InfluxSettings& settings,
                    std::ostream& out) {
  REPRISE_ASSIGN_OR_RETURN(const InfluxTarget target, InfluxTargetOf(settings));
  REPRISE_ASSIGN_OR_RETURN(const RunPoints points, FindRunPoints(folder, out));
  REPRISE_ASSIGN_OR_RETURN(std::unique_ptr<InfluxServer> server,
                           InfluxServer::Make(target));
  const std::string refused_file = absl::StrCat(folder, "/", kRefusedFile);
  const std::string name = DescribeInfluxTarget(target);
  PointDelivery delivery(std::move(server), refused_file);
  REPRISE_RETURN_IF_ERROR(ForEachBatch(points, [&](absl::string_view lines) {
    const InfluxReply reply = DeliverPatiently(lines, name, delivery, out);
    if (reply.kind != InfluxReply::Kind::kTaken) {
      return DistributedError(absl::StrCat(
          name, " does not take points: ", reply.reason, "; ",
          delivery.written(), " of ", points.count,
          " are written; run the same again, what is there stays as it is"));
    }
    out << "influx: " << delivery.written() + delivery.refused() << " of "
        << points.count << " points" << std::endl;
    return absl::OkStatus();
  }));
  out << "influx: " << delivery.written() << " points of " << folder
      << " are in " << name << std::endl;
  if (delivery.refused() == 0) return absl::OkStatus();
  return DataError(absl::StrCat(name, " refused ", delivery.refused(),
                                " points, which are in ", refused_file));
}

}  // namespace

absl::Status RunInfluxCommand(const std::vector<std::string>& arguments,
                              std::ostream& out) {
  InfluxSettings given;
  VerbLine line("influx", kUsage, kHelp);
  line.Text("influx-url", "URL", "server, http://localhost:8086", &given.url);
  line.Text("influx-database", "NAME", "InfluxDB 1: database", &given.database);
  line.Text("influx-user", "NAME", "InfluxDB 1: user", &given.user);
  line.Text("influx-org", "NAME", "InfluxDB 2 and 3: organisation", &given.org);
  line.Text("influx-bucket", "NAME", "InfluxDB 2 and 3: bucket", &given.bucket);
  line.Text("influx-token-file", "FILE", "InfluxDB 2 and 3: file of the token",
            &given.token_file);
  line.Parse(arguments);
  if (line.wants_help()) {
    out << line.Help();
    return absl::OkStatus();
  }
  if (line.words().size() != 2 || line.words()[0] != "replay") {
    line.AddProblem("expected replay and the results folder of one run");
    return line.status();
  }
  const std::string folder = ResolveUserPath(line.words()[1]);
  REPRISE_RETURN_IF_ERROR(FillFromRun(folder, out, &given));
  if (given.url.empty()) {
    line.AddProblem("--influx-url: expected a server, the run had none");
  }
  for (const std::string& problem : ProblemsOf(given)) line.AddProblem(problem);
  REPRISE_RETURN_IF_ERROR(line.status());
  return Replay(folder, given, out);
}

}  // namespace reprise
