#include <cstdint>
#include <string>

#include "core/base/environment.h"
#include "launch/mpirun/host_list.h"
#include "launch/settings/components/component.h"

namespace reprise {
namespace {

void CountRanks(ResolvedSettings& resolved) {
  RankSettings& ranks = resolved.spec.ranks;
  const Level level = resolved.LevelOf("ranks");
  if (ranks.hosts.empty()) {
    if (resolved.job_ranks.has_value() && level == Level::kDefault) {
      ranks.count = *resolved.job_ranks;
      ranks.of_job = true;
      resolved.SetDerived("ranks", "the job");
    }
    return;
  }
  const auto hosts = ranks.hosts[0] == '@'
                         ? ReadHostFile(ResolveUserPath(ranks.hosts.substr(1)))
                         : ParseHostList(ranks.hosts);
  if (!hosts.ok()) {
    resolved.AddProblem("--hosts: ", hosts.status().message());
    return;
  }
  ranks.hosts = HostListText(*hosts);
  const int64_t count = RanksOnAll(*hosts);
  if (level != Level::kDefault && ranks.count != count) {
    resolved.AddProblem("--ranks=", ranks.count,
                        " contradicts --hosts, which has ", count);
  }
  ranks.count = count;
  resolved.origins["ranks"] = resolved.OriginOf("hosts");
}

std::string WhyNoNetwork(const ExperimentSpec& spec) {
  if (!spec.ranks.hosts.empty()) return "";
  return spec.ranks.count > 1 && !spec.ranks.of_job
             ? ""
             : "this program starts no mpirun";
}

}  // namespace

std::string WhyNotWithOneRank(const ExperimentSpec& spec) {
  return spec.ranks.count == 1 ? "there is one rank" : "";
}

Component RankFlags() {
  const Bind<RankSettings> ranks(&ExperimentSpec::ranks);
  using R = RankSettings;
  return {
      "Ranks and devices",
      {
          ranks("ranks", &R::count, "N", "processes; the program starts them")
              .From(1)
              .UpTo(65536),
          ranks("hosts", &R::hosts, "LIST",
                "a:2,b:2: ranks on several hosts; @FILE: a host a line, a:2, "
                "a slots=2, or a alone for each slot ($PBS_NODEFILE)"),
          ranks("network", &R::network, "NAME",
                "between hosts: auto, ib (InfiniBand verbs), or tcp, which "
                "uses no InfiniBand, nor IP over it")
              .Unused(WhyNoNetwork),
          ranks("threads", &R::threads, "N",
                "per rank; 0: cores of the host / its ranks")
              .From(0)
              .UpTo(4096),
          ranks("bind", &R::bind, "HOW",
                "auto: each rank of a host runs on cores of its own where "
                "there is one for each thread, else on any; cores: it is an "
                "error if there are too few; none: on any")
              .Unused(WhyNotWithOneRank),
          ranks("output", &R::output, "HOW",
                "of ranks other than 0. plain: as it comes; prefixed: each "
                "line with its rank; files: in rank-N.txt of the results "
                "folder, warnings and errors also here")
              .Unused(WhyNotWithOneRank),
      },
      CountRanks};
}

}  // namespace reprise
