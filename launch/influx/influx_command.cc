#include "launch/influx/influx_command.h"

#include <sys/stat.h>

#include <algorithm>
#include <cstdint>
#include <map>
#include <memory>
#include <utility>

#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "core/base/environment.h"
#include "core/base/file.h"
#include "core/base/status.h"
#include "core/metrics/influx/influx_server.h"
#include "core/metrics/influx/influx_sink.h"
#include "core/metrics/influx/point_delivery.h"
#include "core/metrics/influx/record_points.h"
#include "core/metrics/jsonl/jsonl_replay.h"
#include "core/metrics/run_json.h"
#include "launch/cli/verb/verb_line.h"
#include "launch/influx/influx_target.h"
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

bool IsThere(const std::string& path) {
  struct stat found;
  return stat(path.c_str(), &found) == 0;
}

// What the run was told of its server; empty of a run that has no run.json.
absl::StatusOr<std::map<std::string, std::string>> InfluxSettingsOfRun(
    const std::string& folder) {
  std::map<std::string, std::string> values;
  if (!IsThere(folder + "/run.json")) return values;
  REPRISE_ASSIGN_OR_RETURN(const RunJson run, ReadRunJson(folder));
  for (const RunInfo::Setting& setting : run.info.settings) {
    const auto value =
        nlohmann::json::parse(setting.value_json, nullptr, false);
    if (value.is_string()) values[setting.name] = value;
  }
  return values;
}

int64_t CountLines(absl::string_view text) {
  return std::count(text.begin(), text.end(), '\n');
}

absl::StatusOr<std::string> ReadPoints(const std::string& folder) {
  const std::string spool = absl::StrCat(folder, "/", kSpoolFile);
  const std::string truth = folder + "/metrics.jsonl";
  if (!IsThere(spool) && !IsThere(truth)) {
    return UsageError(absl::StrCat(
        folder, ": expected the results folder of a run, found neither ",
        kSpoolFile, " nor metrics.jsonl in it"));
  }
  std::string spooled, made;
  if (IsThere(spool)) {
    REPRISE_ASSIGN_OR_RETURN(spooled, ReadWholeFile(spool));
    spooled.resize(spooled.rfind('\n') + 1);  // npos + 1: nothing
  }
  if (IsThere(truth)) {
    PointLines points;
    REPRISE_RETURN_IF_ERROR(ReplayJsonl(truth, points).status());
    made = points.lines();
  }
  return CountLines(made) > CountLines(spooled) ? made : spooled;
}

// Tries again what the server could not take, in the order of the points.
absl::Status Send(absl::string_view points, PointDelivery& delivery,
                  const std::string& name, std::ostream& out) {
  const int64_t count = CountLines(points);
  while (!points.empty()) {
    const absl::string_view batch = FirstBatch(points.substr(0, kBatchBytes));
    InfluxReply reply;
    for (int i = 0; i < kTries; ++i) {
      reply = delivery.Deliver(batch, kRequestLimit);
      if (reply.kind != InfluxReply::Kind::kLater || i + 1 == kTries) break;
      const absl::Duration pause = std::min(
          std::max(absl::Seconds(1 << i), reply.retry_after), absl::Minutes(1));
      out << "influx: " << name << ": " << reply.reason << "; again in "
          << absl::FormatDuration(pause) << std::endl;
      absl::SleepFor(pause);
    }
    if (reply.kind != InfluxReply::Kind::kTaken) {
      return DistributedError(absl::StrCat(
          name, " does not take points: ", reply.reason, "; ",
          delivery.written(), " of ", count,
          " are written; run the same again, what is there stays as it is"));
    }
    points.remove_prefix(batch.size());
    out << "influx: " << delivery.written() + delivery.refused() << " of "
        << count << " points" << std::endl;
  }
  return absl::OkStatus();
}

absl::Status Replay(const std::string& folder, const InfluxSettings& settings,
                    std::ostream& out) {
  REPRISE_ASSIGN_OR_RETURN(const InfluxTarget target, InfluxTargetOf(settings));
  REPRISE_ASSIGN_OR_RETURN(const std::string points, ReadPoints(folder));
  REPRISE_ASSIGN_OR_RETURN(std::unique_ptr<InfluxServer> server,
                           InfluxServer::Make(target));
  const std::string refused_file = absl::StrCat(folder, "/", kRefusedFile);
  const std::string name = DescribeInfluxTarget(target);
  PointDelivery delivery(std::move(server), refused_file);
  REPRISE_RETURN_IF_ERROR(Send(points, delivery, name, out));
  out << "influx: " << delivery.written() << " points of " << folder
      << " are in " << name << std::endl;
  if (delivery.refused() == 0) return absl::OkStatus();
  return DataError(absl::StrCat(name, " refused ", delivery.refused(),
                                " points, which are in ", refused_file));
}

void CheckTarget(const InfluxSettings& settings, VerbLine& line) {
  if (settings.url.empty()) {
    line.AddProblem("--influx-url: expected a server, the run had none");
    return;
  }
  const absl::Status url = CheckInfluxUrl(settings.url);
  if (!url.ok()) line.AddProblem(url.message());
  if (settings.database.empty() &&
      (settings.org.empty() || settings.bucket.empty())) {
    line.AddProblem(
        "--influx-database, or --influx-org and --influx-bucket: expected "
        "where the points go");
  }
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
  REPRISE_ASSIGN_OR_RETURN(auto run, InfluxSettingsOfRun(folder));
  // Another kind of server: what the run knew of its own does not hold.
  if (!given.database.empty()) {
    run["influx-org"] = run["influx-bucket"] = run["influx-token-file"] = "";
  } else if (!given.bucket.empty()) {
    run["influx-database"] = run["influx-user"] = "";
  }
  const auto fill = [&run](const char* name, std::string* value) {
    if (value->empty()) *value = run[name];
  };
  fill("influx-url", &given.url);
  fill("influx-database", &given.database);
  fill("influx-user", &given.user);
  fill("influx-org", &given.org);
  fill("influx-bucket", &given.bucket);
  fill("influx-token-file", &given.token_file);
  CheckTarget(given, line);
  REPRISE_RETURN_IF_ERROR(line.status());
  return Replay(folder, given, out);
}

}  // namespace reprise
