#include "launch/monitoring/monitoring_command.h"

#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "core/base/environment.h"
#include "core/base/file.h"
#include "core/base/status.h"
#include "core/base/utf8.h"
#include "data/stored_file.h"
#include "launch/cli/verb/verb_line.h"
#include "launch/monitoring/dashboards/dashboard_table.h"
#include "launch/monitoring/server/server_files.h"

namespace reprise {
namespace {

constexpr char kUsage[] =
    "reprise monitoring [--output=DIR] [--force] [--influx-url=URL]\n"
    "                   [--database=NAME] [--telegraf-database=NAME]";

constexpr char kText[] =
    R"(Writes what watching runs needs: dashboards for Grafana and the files that
provision it, a configuration of Telegraf for the hosts that compute, and a
compose file that starts InfluxDB, Grafana and, if wanted, Telegraf on this
machine. Starts nothing; prints how to. docs/MONITORING.md says more.)";

struct Command {
  std::string output = "monitoring";
  bool force = false;
  MonitoringServers servers;
};

// Both go into YAML, TOML and URLs as they are.
bool IsPlainName(absl::string_view name) {
  for (const char c : name) {
    if (!absl::ascii_isalnum(c) && c != '_' && c != '-' && c != '.') {
      return false;
    }
  }
  return !name.empty();
}

bool IsPlainUrl(absl::string_view url) {
  if (!absl::StartsWith(url, "http://") && !absl::StartsWith(url, "https://")) {
    return false;
  }
  for (const char c : url) {
    if (!absl::ascii_isalnum(c) && !absl::StrContains("_-.:/[]", c)) {
      return false;
    }
  }
  return !absl::EndsWith(url, "//");
}

void CheckValues(const Command& command, VerbLine* line) {
  const MonitoringServers& servers = command.servers;
  for (const auto& [flag, name] :
       {std::make_pair("--database", servers.run_database),
        std::make_pair("--telegraf-database", servers.host_database)}) {
    if (!IsPlainName(name)) {
      line->AddProblem(flag,
                       ": expected letters, digits, '_', '-' and '.', "
                       "found '",
                       Printable(name), "'");
    }
  }
  if (!IsPlainUrl(servers.influx_url)) {
    line->AddProblem(
        "--influx-url: expected http://HOST:PORT without a "
        "user or a password, found '",
        Printable(servers.influx_url), "'");
  }
  for (const std::string& word : line->words()) {
    line->AddProblem("'", Printable(word), "': expected a flag");
  }
}

std::vector<MonitoringFile> AllFiles(const MonitoringServers& servers) {
  std::vector<MonitoringFile> files = ServerFiles(servers);
  for (const Dashboard& dashboard : AllDashboards()) {
    files.push_back(
        {absl::StrCat(kDashboardFolder, "/", dashboard.uid, ".json"),
         absl::StrCat(dashboard.ToJson().dump(2), "\n")});
  }
  return files;
}

// OK if none of the files is there in any form.
absl::Status CheckAbsent(const std::string& folder,
                         const std::vector<MonitoringFile>& files) {
  for (const MonitoringFile& file : files) {
    const std::string path = absl::StrCat(folder, "/", file.path);
    REPRISE_ASSIGN_OR_RETURN(const bool is_there, IsThere(path));
    if (!is_there) continue;
    return UsageError(absl::StrCat(
        "monitoring: ", path,
        ": is there already; remedy: another folder by --output, or --force to "
        "replace the files that this command writes; nothing was written"));
  }
  return absl::OkStatus();
}

absl::Status WriteAll(const std::string& folder,
                      const std::vector<MonitoringFile>& files) {
  for (const MonitoringFile& file : files) {
    const std::string path = absl::StrCat(folder, "/", file.path);
    REPRISE_RETURN_IF_ERROR(MakeFolders(path.substr(0, path.rfind('/'))));
    REPRISE_RETURN_IF_ERROR(ReplaceFile(path, {file.content}));
  }
  return absl::OkStatus();
}

void PrintNextSteps(const Command& command,
                    const std::vector<MonitoringFile>& files,
                    std::ostream& out) {
  const MonitoringServers& servers = command.servers;
  out << "monitoring: " << files.size() << " files in " << command.output
      << ":\n";
  for (const MonitoringFile& file : files) out << "  " << file.path << "\n";
  out << "\nStart the servers (ports on this machine only):\n"
      << "  cd " << command.output
      << " && GRAFANA_PASSWORD=... docker compose up -d\n"
      << "  with this machine's own figures: docker compose --profile telegraf "
         "up -d\n"
      << "Figures of the hosts that compute, on each of them:\n"
      << "  telegraf --config " << command.output << "/telegraf/telegraf.conf\n"
      << "Give a run to it:\n"
      << "  reprise ... --influx-url=" << servers.influx_url
      << " --influx-database=" << servers.run_database << "\n"
      << "Look, as user admin: http://localhost:3000\n"
      << "  from elsewhere, with HOST where Grafana runs:\n"
      << "  ssh -NL 3000:localhost:3000 HOST\n"
      << "  and through a gateway:\n"
      << "  ssh -J GATEWAY -NL 3000:localhost:3000 HOST\n"
      << "  or, of a Grafana that its whole network reaches, as E2Clab's:\n"
      << "  ssh -NL 3000:HOST:3000 GATEWAY\n"
      << "A run or Telegraf elsewhere reaches InfluxDB by a tunnel, too:\n"
      << "  ssh -NL 8086:localhost:8086 HOST\n";
}

}  // namespace

absl::Status RunMonitoringCommand(const std::vector<std::string>& arguments,
                                  std::ostream& out) {
  Command command;
  VerbLine line("monitoring", kUsage, kText);
  line.Text("output", "DIR", "where to write; made if need be [monitoring]",
            &command.output);
  line.Switch("force", "replace files that are there", &command.force);
  line.Text("influx-url", "URL",
            "InfluxDB as runs and Telegraf reach it [http://localhost:8086]",
            &command.servers.influx_url);
  line.Text("database", "NAME", "InfluxDB's, of runs [reprise]",
            &command.servers.run_database);
  line.Text("telegraf-database", "NAME", "InfluxDB's, of hosts [telegraf]",
            &command.servers.host_database);
  line.Parse(arguments);
  if (line.wants_help()) {
    out << line.Help();
    return absl::OkStatus();
  }
  CheckValues(command, &line);
  REPRISE_RETURN_IF_ERROR(line.status());
  const std::vector<MonitoringFile> files = AllFiles(command.servers);
  const std::string folder = ResolveUserPath(command.output);
  if (!command.force) REPRISE_RETURN_IF_ERROR(CheckAbsent(folder, files));
  REPRISE_RETURN_IF_ERROR(WriteAll(folder, files));
  PrintNextSteps(command, files, out);
  return absl::OkStatus();
}

}  // namespace reprise
