#include "launch/mpirun/mpirun_launcher.h"

#include <signal.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "core/base/program_info.h"
#include "core/base/status.h"
#include "launch/mpirun/command/mpirun_command.h"
#include "launch/mpirun/command/network.h"
#include "launch/mpirun/host_check.h"
#include "launch/mpirun/host_list.h"
#include "launch/mpirun/job/job_supervisor.h"
#include "launch/process/launcher_message.h"
#include "launch/process/rank_process.h"

extern char** environ;

namespace reprise {
namespace {

// Settings of Open MPI that a site has made in the environment, "NAME=VALUE".
std::vector<std::string> SiteSettings() {
  std::vector<std::string> settings;
  for (char** variable = environ; *variable != nullptr; ++variable) {
    for (const char* prefix : {"OMPI_MCA_", "PRTE_MCA_", "PMIX_MCA_"}) {
      if (absl::StartsWith(*variable, prefix)) settings.emplace_back(*variable);
    }
  }
  std::sort(settings.begin(), settings.end());
  return settings;
}

// What ranks inherit: who their launcher is, whether its output is a terminal
// and how wide that is.
void SetRankEnvironment() {
  setenv(kLauncherVariable,
         isatty(STDOUT_FILENO) == 1 ? kOnTerminal : kNotOnTerminal,
         /*overwrite=*/1);
  winsize size;
  if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0) {
    setenv("COLUMNS", absl::StrCat(size.ws_col).c_str(), /*overwrite=*/0);
  }
}

void SetVariables(
    const std::vector<std::pair<std::string, std::string>>& variables) {
  for (const auto& [name, value] : variables) {
    setenv(name.c_str(), value.c_str(), /*overwrite=*/1);
  }
}

// One shell on each host, for CheckHosts.
RankCommand ShellOnEachHost(const RankCommand& command,
                            const std::vector<Host>& hosts) {
  RankCommand shells = command;
  shells.ranks = static_cast<int64_t>(hosts.size());
  shells.hosts =
      absl::StrJoin(hosts, ",", [](std::string* out, const Host& host) {
        absl::StrAppend(out, host.name, ":1");
      });
  shells.program = "/bin/sh";
  shells.arguments.clear();
  return shells;
}

// OK also where there is no other host.
absl::Status CompareOtherHosts(const Mpirun& mpirun,
                               const MpirunVersion& version,
                               const RankCommand& command, JobSupervisor* job) {
  if (command.hosts.empty()) return absl::OkStatus();
  REPRISE_ASSIGN_OR_RETURN(const std::vector<Host> hosts,
                           ParseHostList(command.hosts));
  if (!NamesOtherHosts(hosts)) return absl::OkStatus();
  REPRISE_ASSIGN_OR_RETURN(
      std::vector<std::string> starts_shells,
      MpirunArguments(mpirun, version, ShellOnEachHost(command, hosts)));
  HostCheck check;
  check.mpirun_arguments = std::move(starts_shells);
  check.hosts = hosts.size();
  check.files = FilesOfRanks(command.program, LoadedLibraries(), mpirun);
  return job->RunInterruptibly([&](const sigset_t& mask, int interrupt) {
    check.mask = mask;
    check.interrupt = interrupt;
    return CheckHosts(check);
  });
}

}  // namespace

absl::StatusOr<int> LaunchRanks(const Launch& launch) {
  // Where a parent has left it ignored no child could be waited for.
  signal(SIGCHLD, SIG_DFL);
  std::vector<std::string> site_settings = SiteSettings();
  RankCommand command;
  command.program = ProgramPath();
  if (command.program.empty()) {
    return DistributedErrorFromErrno("/proc/self/exe");
  }
  REPRISE_ASSIGN_OR_RETURN(const Mpirun mpirun, FindMpirun(command.program));
  SetVariables(MpirunEnvironment(mpirun));
  REPRISE_ASSIGN_OR_RETURN(const MpirunVersion version,
                           AskMpirunVersion(mpirun));
  REPRISE_ASSIGN_OR_RETURN(
      NetworkSettings network,
      SettingsOfNetwork(launch.network, version, FindHostNetwork()));
  SetVariables(network.variables);
  SetRankEnvironment();
  command.options = std::move(network.mpirun_options);
  command.ranks = launch.ranks;
  command.hosts = launch.hosts;
  command.arguments = launch.arguments;
  command.variables = ForwardedVariables(environ);
  REPRISE_ASSIGN_OR_RETURN(std::vector<std::string> arguments,
                           MpirunArguments(mpirun, version, command));
  JobSupervisor job(launch.ranks, launch.hosts.empty(),
                    std::move(site_settings));
  REPRISE_RETURN_IF_ERROR(CompareOtherHosts(mpirun, version, command, &job));
  return job.Run(std::move(arguments));
}

absl::StatusOr<std::optional<int>> LaunchRanksIfAsked(const Launch& launch,
                                                      bool ranks_are_given) {
  REPRISE_ASSIGN_OR_RETURN(const std::optional<RankPlace> place,
                           FindRankPlace());
  if (place.has_value()) {
    if (ranks_are_given && launch.ranks != place->world_size) {
      return UsageError(
          absl::StrCat("--ranks or --hosts asks for ", launch.ranks,
                       " ranks, but this job was started from outside with ",
                       place->world_size, "; leave the flag out"));
    }
    return std::optional<int>();
  }
  if (launch.ranks == 1 && launch.hosts.empty()) return std::optional<int>();
  REPRISE_ASSIGN_OR_RETURN(const int exit_code, LaunchRanks(launch));
  return std::optional<int>(exit_code);
}

}  // namespace reprise
